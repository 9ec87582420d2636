import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { root } from "../../scripts/workers.ts";
import { present } from "../../shared/kernel/assert.ts";
import { npmStart as start, type Running } from "../support/npm-start.ts";
import { alive, childrenOf } from "../support/processes.ts";
import { askRaw } from "../support/raw-http.ts";
import { runScript } from "../support/run-script.ts";
import { copyTree } from "../support/tree.ts";

const folder = mkdtempSync(join(tmpdir(), "trefoil-start-"));
afterAll(() => rmSync(folder, { recursive: true }));

const npmStart = (environment: Readonly<Record<string, string>> = {}): Promise<Running> =>
  start(folder, environment, onTestFinished);

async function stopsCleanly({ stop, family }: Running, signal: NodeJS.Signals): Promise<void> {
  // npm, the launcher, wrangler, its child and workerd at least.
  expect(family.length).toBeGreaterThanOrEqual(5);
  expect(await stop(signal)).toBe(0);
  await vi.waitFor(() => expect(alive(family)).toEqual([]), { timeout: 5_000 });
}

/** The proxy of `wrangler dev` compresses what it can: it must not get at a part, nor at what is compressed already. */
async function servesFiles(url: URL): Promise<void> {
  const path = "/assets/site.css";
  const ask = (headers: Readonly<Record<string, string>>) => askRaw(url, { path, headers });
  const css = readFileSync(`${root}workers/origin/public${path}`);
  const part = await ask({ "Accept-Encoding": "gzip, br", Range: "bytes=10-19" });
  expect(part.status).toBe(206);
  expect(part.body.equals(css.subarray(10, 20))).toBe(true);
  expect(part.fields).toMatchObject({ "content-range": `bytes 10-19/${css.byteLength}`, "content-length": "10" });
  const [br, gzip, plain] = [
    await ask({ "Accept-Encoding": "br" }),
    await ask({ "Accept-Encoding": "gzip" }),
    await ask({}),
  ];
  expect(brotliDecompressSync(br.body).equals(css)).toBe(true);
  expect(gunzipSync(gzip.body).equals(css)).toBe(true);
  expect(plain.body.equals(css)).toBe(true);
  expect([br, gzip, plain].map(({ body, fields }) => `${body.byteLength}` === fields["content-length"])).toEqual([
    true,
    true,
    true,
  ]);
  expect(new Set([br, gzip, plain, part].map(({ fields }) => fields.etag)).size).toBe(3);
}

test("npm start serves the site in turns; a signal leaves no process behind, and the next start has lost nothing", async () => {
  const first = await npmStart();
  const turns: unknown[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    const answer = await fetch(`${first.url}/api/whoami`);
    turns.push(((await answer.json()) as { origin: unknown }).origin);
  }
  expect(turns).toEqual(["a", "b", "c", "a", "b", "c"]);

  const created = await fetch(`${first.url}/api/posts`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ title: "Kept", body: "over a restart" }),
  });
  expect(created.status).toBe(201);
  const { id } = (await created.json()) as { id: number };
  await servesFiles(new URL(first.url));
  await stopsCleanly(first, "SIGTERM");

  // In colours, as at a terminal.
  const second = await npmStart({ FORCE_COLOR: "1" });
  const read = await fetch(`${second.url}/api/posts/${id}`);
  expect(await read.json()).toMatchObject({ title: "Kept" });
  expect(second.token).toBe(first.token);
  await stopsCleanly(second, "SIGINT");

  expect(readFileSync(`${root}.dev.vars`, "utf8")).toContain(`ADMIN_TOKEN=${first.token}\n`);
  expect(statSync(`${root}.dev.vars`).mode & 0o777).toBe(0o600);
});

test("npm start ends with an error and leaves no process behind when wrangler is killed under it", async () => {
  const { family, ended } = await npmStart();
  const launcher = present(childrenOf(present(family[0], "npm"))[0], "the launcher");
  process.kill(present(childrenOf(launcher)[0], "wrangler"), "SIGKILL");
  expect(await ended).toBe(1);
  await vi.waitFor(() => expect(alive(family)).toEqual([]), { timeout: 5_000 });
});

test("a port that is in use is said in a sentence, before anything starts", async () => {
  const holder = createServer();
  const port = await new Promise<number>((resolve) => {
    holder.listen(0, "127.0.0.1", () => {
      const address = holder.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const { code, output } = await runScript("start", [], { PORT: String(port) });
  holder.close();
  expect(code).toBe(1);
  expect(output).toMatch(new RegExp(`^Port ${port} is in use\\..*PORT=${port + 1} npm start\\n$`));
});

test.for([
  [["--port", "no"], 'The port is "no"'],
  [["--port=65536"], 'The port is "65536"'],
  [["--port", "1", "--port=2"], "--port is given twice"],
] as const)("npm start -- %s is refused", async ([args, reason]) => {
  const { code, output } = await runScript("start", args, {});
  expect(code).toBe(1);
  expect(output).toContain(reason);
});

const wrong = `import { defineSite } from "trefoil";
export default defineSite({ pools: { web: { algorithm: "fastest", servers: [{ name: "a", binding: "ORIGIN_A" }] } } });
`;

test.for(["start", "test", "deploy"])(
  "a wrong site configuration stops npm run %s, which names the key, the value and what is allowed",
  async (script) => {
    const file = join(folder, "wrong.config.ts");
    writeFileSync(file, wrong);
    const { code, output } = await runScript(script, [], { SITE_CONFIG: file, ADMIN_TOKEN: "a token" });
    expect(code).toBe(1);
    expect(output).toMatch(/pools\.web\.algorithm.*fastest.*roundrobin/s);
    expect(output).not.toMatch(/^\s+at /m);
  },
);

test("a file that cannot be served stops npm start before wrangler, in one sentence", async () => {
  const tree = copyTree(join(folder, "tree"));
  writeFileSync(join(tree, "workers/origin/public/_redirects"), "/a /b 200\n");
  const { code, output } = await runScript("start", ["--port=0"], {}, tree);
  expect(code).toBe(1);
  expect(output.split("\n")).toEqual([
    "Files of workers/origin/public cannot be used:",
    expect.stringContaining("_redirects, line 1: 200 would serve"),
    "",
  ]);
});
