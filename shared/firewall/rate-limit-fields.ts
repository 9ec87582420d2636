import type { RateVerdict } from "./rate-limit.ts";

const seconds = (ms: number): number => Math.ceil(ms / 1000);

/**
 * What a client is told of his rate limit: `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-11,
 * and with a refusal `Retry-After` (RFC 9110 10.2.3).
 *
 * `t` is the time in which all requests come back; with a refusal, the time until the next one is taken. Requests above
 * the rate that may come at once are not spoken of: a client who took them for his rate would be refused.
 *
 * @param verdict of this request.
 */
export function rateLimitFields(verdict: RateVerdict): readonly (readonly [name: string, value: string])[] {
  const { allowed, policy, remaining, resetMs, retryAfterMs } = verdict;
  const left = Math.min(remaining, policy.requests);
  const waitS = Math.max(1, seconds(allowed ? resetMs : retryAfterMs));
  const fields = [
    ["RateLimit-Policy", `"${policy.name}";q=${policy.requests};w=${seconds(policy.perMs)}`],
    ["RateLimit", `"${policy.name}";r=${left};t=${waitS}`],
  ] as const;
  return allowed ? fields : [...fields, ["Retry-After", `${waitS}`]];
}
