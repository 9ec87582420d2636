import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { measureHop } from "../../bench/hop/hop.ts";
import { hasWrk, sendLoad } from "../../bench/support/wrk.ts";

const wrk = await hasWrk();

/** Sends a short load of two kinds of requests to a server that answers as told. */
async function loadOn(answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const load = {
    url,
    connections: 2,
    seconds: 1,
    fields: { "X-Field": "yes" },
    cookies: ["", "a=1"],
    expected: "^good",
  };
  try {
    return await sendLoad(load);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe.skipIf(!wrk)(`the benchmarks${wrk ? "" : " (skipped: this machine has no wrk)"}`, () => {
  it("send the requests in turns with their fields", async () => {
    const seen = new Map<string, number>();
    const { requests, failed } = await loadOn((request, response) => {
      const kind = `${request.headers["x-field"] as string} ${request.headers.cookie}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      response.end("good");
    });
    expect(failed).toBe(0);
    expect(requests).toBeGreaterThan(10);
    expect([...seen.keys()].toSorted()).toEqual(["yes a=1", "yes undefined"]);
    const [one = 0, other = 0] = seen.values();
    expect(Math.abs(one - other)).toBeLessThanOrEqual(2);
  });

  it("count every answer that is not the one expected", async () => {
    const wrongBody = await loadOn((_, response) => response.end("no good"));
    expect(wrongBody.failed).toBe(wrongBody.requests);
    const wrongStatus = await loadOn((_, response) => response.writeHead(503).end("good"));
    expect(wrongStatus.failed).toBe(wrongStatus.requests);
  });

  it("measure the hop through the front and through the bare Worker, on the whole site in raw workerd", async () => {
    const [comparison] = await measureHop([{ connections: 4, rounds: 2, seconds: 1, warmUpSeconds: 1 }]);
    expect(comparison?.sides.map(({ name }) => name)).toEqual(["front", "pass-through"]);
    for (const { rounds } of comparison?.sides ?? [])
      for (const { requestsPerCpuSecond } of rounds) expect(requestsPerCpuSecond).toBeGreaterThan(50);
    expect(comparison?.ratio.median).toBeLessThan(1.2);
  });
});
