import { expect, it } from "vitest";
import { rateLimitFields } from "../../../shared/firewall/rate-limit-fields.ts";

const policy = { name: "/api", requests: 100, perMs: 60_000 };

it("tells a client what is left to him, and in what time", () => {
  const verdict = { allowed: true, policy, remaining: 49, resetMs: 30_001, retryAfterMs: 0 };
  expect(rateLimitFields(verdict)).toEqual([
    ["RateLimit-Policy", '"/api";q=100;w=60'],
    ["RateLimit", '"/api";r=49;t=31'],
  ]);
});

it("tells one who is refused when to come back, by both fields alike", () => {
  const verdict = { allowed: false, policy, remaining: 0, resetMs: 60_000, retryAfterMs: 400 };
  expect(rateLimitFields(verdict)).toEqual([
    ["RateLimit-Policy", '"/api";q=100;w=60'],
    ["RateLimit", '"/api";r=0;t=1'],
    ["Retry-After", "1"],
  ]);
});

it("promises no more than the rate, and no time that is none", () => {
  const verdict = { allowed: true, policy: { ...policy, perMs: 1500 }, remaining: 500, resetMs: 0, retryAfterMs: 0 };
  expect(rateLimitFields(verdict)).toEqual([
    ["RateLimit-Policy", '"/api";q=100;w=2'],
    ["RateLimit", '"/api";r=100;t=1'],
  ]);
});
