import { describe, expect, test } from "vitest";

import { type CheckAnswer, isExpected, judge, methodOf } from "../../../shared/balance/check.ts";

const config = { expectStatus: "200-399", expectBody: null, disableOn404: false };
const answered = (status: number, body: string | null = null): CheckAnswer => ({
  type: "answered",
  status,
  body,
  durationMs: 3,
});

describe("expected statuses", () => {
  test.each([
    ["200-399", [200, 204, 302, 399], [199, 400, 404, 500]],
    ["200", [200], [201, 199]],
    ["200,204,300-301", [200, 204, 300, 301], [201, 203, 302]],
  ])("%s takes %o and not %o", (text, good, bad) => {
    expect(good.filter((status) => !isExpected(status, text))).toEqual([]);
    expect(bad.filter((status) => isExpected(status, text))).toEqual([]);
  });
});

describe("an answer to a check", () => {
  test.each([
    ["an expected status passes", answered(200), {}, "L7OK", "passed", 200],
    ["a redirect passes by default", answered(302), {}, "L7OK", "passed", 302],
    ["another status fails", answered(503), {}, "L7STS", "failed", 503],
    ["a 404 fails", answered(404), {}, "L7STS", "failed", 404],
    ["a 404 stops where the configuration says so", answered(404), { disableOn404: true }, "L7OKC", "stopping", 404],
    ["a 500 fails there as well", answered(500), { disableOn404: true }, "L7STS", "failed", 500],
    ["no header in time fails", { type: "late", durationMs: 2000 }, {}, "L7TOUT", "failed", null],
    ["a call that fails fails", { type: "failed", error: "gone", durationMs: 1 }, {}, "L4CON", "failed", null],
    ["a body that holds the text passes", answered(200, "all is well"), { expectBody: "is we" }, "L7OK", "passed", 200],
    ["a body without the text fails", answered(200, "ill"), { expectBody: "well" }, "L7RSP", "failed", 200],
    ["no body fails where one is expected", answered(200, null), { expectBody: "well" }, "L7RSP", "failed", 200],
    ["a wrong status counts before the body", answered(500, "well"), { expectBody: "well" }, "L7STS", "failed", 500],
  ] as const)("%s", (_, answer, part, status, type, code) => {
    const { outcome, event } = judge(answer, { ...config, ...part }, 7000);
    expect([outcome.status, event.type, outcome.code]).toEqual([status, type, code]);
    expect([outcome.atMs, outcome.durationMs]).toEqual([7000, answer.durationMs]);
  });

  test("says why the call failed, and what the body lacks", () => {
    expect(judge({ type: "failed", error: "gone", durationMs: 1 }, config, 0).outcome.detail).toBe("gone");
    expect(judge(answered(200, "ill"), { ...config, expectBody: 'a "b"' }, 0).outcome.detail).toContain('"a \\"b\\""');
  });
});

test("a check is a HEAD, and a GET where the body counts", () => {
  expect([methodOf({ expectBody: null }), methodOf({ expectBody: "well" })]).toEqual(["HEAD", "GET"]);
});
