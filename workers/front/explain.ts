import * as v from "valibot";
import { type Explanation, explainQuery } from "../../shared/admin/explain.ts";
import { bindingOf } from "../../shared/balance/binding.ts";
import { explainChoice, type PoolExplanation } from "../../shared/balance/explain.ts";
import { takeAffinityCookie } from "../../shared/http/affinity-cookie.ts";
import { redirectionOf } from "../../shared/http/route-redirect.ts";
import { type Failure, failure } from "../../shared/kernel/error.ts";
import { explain as describeIssue } from "../../shared/kernel/explain.ts";
import { control, type Route, routeOf } from "./balancer.ts";

/** The address of the explanations. */
export const explainPath = "/_trefoil/api/explain";

/** A request that is not there, as the balancer looks at it. */
interface Imagined {
  readonly url: URL;
  readonly method: string;
  readonly fields: Headers;
  readonly clientAddress: string | null;
}

/**
 * What this isolate would do with a request now, and why: the same code that decides.
 *
 * @param asked the URL of the question; what it asks about stands in its query.
 */
export function explainRequest(
  asked: URL,
  nowMs: number,
): { readonly ok: true; readonly value: Explanation } | Failure {
  const query = v.safeParse(explainQuery, Object.fromEntries(asked.searchParams));
  if (!query.success) return failure("bad-request", query.issues.map(describeIssue).join("; "));
  const { url, method, ip, cookie, fields } = query.output;
  const headers = new Headers();
  if (cookie !== undefined) headers.set("Cookie", cookie);
  for (const line of fields?.split("\n") ?? []) {
    const field = /^([!#$%&'*+\-.^_`|~\w]+):\s*(.*?)\s*$/.exec(line);
    if (field === null) return failure("bad-request", `"${line}" is no field: each line is "Name: value"`);
    headers.append(field[1] ?? "", field[2] ?? "");
  }
  const request = { url: new URL(url, asked), method, fields: headers, clientAddress: ip ?? null };
  return { ok: true, value: explanationOf(request, nowMs) };
}

function explanationOf(request: Imagined, nowMs: number): Explanation {
  const route = routeOf(request.url, request.method, request.fields);
  const { path, host, methods, redirect } = route.config;
  const controlAgeMs = control.answeredAtMs === -Infinity ? null : nowMs - control.answeredAtMs;
  const redirection = redirect && redirectionOf(redirect, request.url).location;
  return {
    route: { path, host, methods },
    redirect: redirection ?? null,
    ...ofPool(route, request, nowMs),
    controlAgeMs,
  };
}

function ofPool({ pool, keyOf }: Route, { url, fields, clientAddress }: Imagined, nowMs: number): PoolExplanation {
  if (pool === null) return redirected;
  const key = keyOf({ clientAddress, pathname: url.pathname, fields });
  return explainChoice(pool, bindingOf(takeAffinityCookie(fields), pool, nowMs), key, nowMs);
}

const redirected: PoolExplanation = {
  pool: null,
  algorithm: null,
  key: null,
  cookie: null,
  servers: [],
  isPanic: false,
  waiting: 0,
  server: null,
  because: "The route leads the client elsewhere, and no server gets the request.",
};
