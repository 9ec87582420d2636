/** What a front costs at least: it hands each request on to the next of three servers as it came, and the answer back. */
interface Env {
  readonly ORIGIN_A: Fetcher;
  readonly ORIGIN_B: Fetcher;
  readonly ORIGIN_C: Fetcher;
}

const names = ["ORIGIN_A", "ORIGIN_B", "ORIGIN_C"] as const;

let turn = 0;

export default {
  fetch(request, env) {
    turn = (turn + 1) % names.length;
    return env[names[turn] ?? "ORIGIN_A"].fetch(request);
  },
} satisfies ExportedHandler<Env>;
