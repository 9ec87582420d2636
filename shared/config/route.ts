import * as v from "valibot";
import { mayTouch } from "../http/field-rules.ts";
import { redirectStatuses } from "../http/redirects.ts";
import { limits } from "../kernel/limits.ts";
import { clientKey, count, fieldName, milliseconds, name, path, section, text, unique } from "./fields.ts";

const host = text(
  /^(?:\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  'a host name in small letters, such as "api.example.com" or "*.example.com"',
);

const method = text(/^[A-Z]+$/, "a method in capitals, such as POST");

const fieldValue = text(/^[\t\x20-\x7e\x80-\xff]*$/, "a field value in one line");

const touchable = v.pipe(
  fieldName,
  v.check(
    mayTouch,
    "a field that may change on the way: not Host, X-Request-Id or Idempotency-Key, none that says how a body is delimited or coded, none of one connection",
  ),
);

/** Fields that a route puts into a message in place of what is there, or takes out. HAProxy, `http-request set-header`, `del-header`. */
const fieldRules = v.pipe(
  section({
    set: v.optional(v.record(touchable, fieldValue), {}),
    remove: v.optional(v.array(touchable, "a list of field names"), () => []),
  }),
  v.check(
    ({ set, remove }) => unique([...Object.keys(set), ...remove].map((each) => each.toLowerCase())),
    "each field once",
  ),
);

/** What begins with two slashes is taken for the name of a host (RFC 3986 4.2), and by browsers a backslash for a slash. */
const target = v.pipe(
  text(
    /^(?:https?:\/\/(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?=[/?#{]|$)|\/(?!\/)|\{path\})[\x21-\x5b\x5d-\x7e]*$/,
    "a URL with its host, or a path",
  ),
  v.check((to) => !/[{}]/.test(to.replaceAll("{path}", "")), "a place without braces but those of {path}"),
);

const redirect = section({
  /** Where to: a URL or a path. `{path}` stands for the path and query of the request. */
  to: target,
  status: v.optional(v.picklist(redirectStatuses, redirectStatuses.join(", ")), 302),
});

/** How many requests one client may send. GCRA, as ATM Forum TM 4.0 and nginx, `limit_req`. */
const rateLimit = section({
  /** Requests in `perMs` that may go on for ever. */
  requests: count(1, 1_000_000),
  perMs: v.optional(milliseconds(1000, 86_400_000), 60_000),
  /** Requests that may come at once after a pause; `requests` if not said. */
  burst: v.optional(v.nullable(count(1, 1_000_000)), null),
  /** Who is one client. */
  by: v.optional(clientKey, "source"),
  /** How many bits of an IPv6 address tell one client from another. HAProxy, `src,ipmask(32,64)`. */
  ipv6Prefix: v.optional(count(1, 128, "bits"), 64),
});

/** Section `routes[]`: which requests it takes, and what becomes of them. */
export const routeSchema = v.pipe(
  section({
    /** The route takes this path and all below it; of several that fit, the longest. */
    path,
    /** Takes requests for this host alone, and goes before routes for any. HAProxy, `hdr(host)`. */
    host: v.optional(v.nullable(host), null),
    /** Takes these methods alone. */
    methods: v.optional(
      v.nullable(v.pipe(v.array(method, "a list of methods"), v.minLength(1, "at least one method"))),
      null,
    ),
    /** Takes requests that have all of these fields, with these values; `"*"`: any value. */
    fields: v.optional(v.record(fieldName, fieldValue), {}),
    /** The pool that serves it. */
    pool: v.optional(name),
    /** Or where it leads the client. */
    redirect: v.optional(redirect),
    /** Time from the request until the header of the response, over all tries together; then the client gets a 504. */
    deadlineMs: v.optional(milliseconds(1, limits.deadlineMs), 10_000),
    /**
     * Longest time in which nothing of a body arrives or is taken, by the server or by the client; then it is broken off.
     * HAProxy manual 4.2, `timeout client` and `timeout server`; nginx, `proxy_read_timeout`.
     */
    idleMs: v.optional(milliseconds(1, limits.idleMs), 60_000),
    /** The same for a WebSocket and for server-sent events, in either direction. HAProxy manual 4.2, `timeout tunnel`. */
    tunnelMs: v.optional(milliseconds(1, limits.tunnelMs), 3_600_000),
    /**
     * Whether a POST or PATCH with an `Idempotency-Key` may be sent again. Only where the servers keep what they answered
     * under each key, as ours do.
     */
    idempotent: v.optional(v.boolean("true or false"), false),
    /** `null`: as many as come. */
    rateLimit: v.optional(v.nullable(rateLimit), null),
    /** Bytes of a request's body; more get a 413. nginx, `client_max_body_size`. */
    maxBodyBytes: v.optional(count(0, limits.requestBodyBytes, "bytes"), limits.requestBodyBytes),
    /** Fields of the request, as the server gets it. */
    requestFields: v.optional(fieldRules, {}),
    /** Fields of the response, as the client gets it. */
    responseFields: v.optional(fieldRules, {}),
  }),
  v.check((route) => (route.pool === undefined) !== (route.redirect === undefined), "either a pool or a redirect"),
);

/** A route: section `routes[]`. */
export type RouteConfig = v.InferOutput<typeof routeSchema>;

/** Section `routes[].rateLimit`. */
export type RateLimitConfig = NonNullable<RouteConfig["rateLimit"]>;

/** Section `routes[].requestFields` or `responseFields`. */
export type FieldRules = RouteConfig["requestFields"];
