import * as v from "valibot";
import { algorithms, type AlgorithmName } from "../balance/algorithms.ts";
import { limits } from "../kernel/limits.ts";
import { count, hashKey, milliseconds, name, oneOf, section, text, unique, word } from "./fields.ts";

const algorithmNames = Object.keys(algorithms) as AlgorithmName[];

const url = text(
  /^https?:\/\/(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/,
  "an http or https URL without a path, such as http://127.0.0.1:9001",
);

const server = v.pipe(
  section({
    /** What logs, cookies and the admin API call the server. */
    name,
    /** The service binding of the front that leads to it, as in the root `wrangler.toml`. */
    binding: v.optional(text(/^[A-Z][A-Z0-9_]*$/, "the name of a service binding in wrangler.toml, such as ORIGIN_A")),
    /**
     * Where it listens, if it is no Worker. It gets the requests over the network. `Host` is that of this URL, for `fetch` lets
     * nobody set it; the site's own is in `X-Forwarded-Host`.
     */
    url: v.optional(url),
    /** Its share of the requests, next to the weights of the others; 0 takes no new visitors. HAProxy manual 5.2, `weight`. */
    weight: v.optional(count(0, 256), 1),
    /** Requests that it gets at once from one isolate of the front; the next ones wait. `null`: no limit. HAProxy, `maxconn`. */
    maxconn: v.optional(v.nullable(count(1, limits.maxconn)), null),
    /** Takes requests only when no other server can. HAProxy, `backup`. */
    backup: v.optional(v.boolean("true or false"), false),
  }),
  v.check((value) => (value.binding === undefined) !== (value.url === undefined), "either a binding or a url"),
);

/** Of two numbers with a hyphen between them the first one may not be the greater one: no status would pass. */
const areStatuses = (value: string) =>
  /^[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?)*$/.test(value) &&
  value.split(",").every((range) => range === range.split("-").toSorted().join("-"));

/** Checks by which control finds out which servers can serve. HAProxy manual 5.2, `check`. */
const health = section({
  /** Time between two checks of a server that is well. HAProxy, `inter`. */
  interMs: v.optional(milliseconds(100, limits.checkInterMs), 2000),
  /** The same while it changes from up to down or back. HAProxy, `fastinter`. */
  fastinterMs: v.optional(milliseconds(100, limits.checkInterMs), 1000),
  /** The same while it is down. HAProxy, `downinter`. */
  downinterMs: v.optional(milliseconds(100, limits.checkInterMs), 2000),
  /** Checks in a row that must pass before it is up again. HAProxy, `rise`. */
  rise: v.optional(count(1, 100), 2),
  /** Checks in a row that must fail before it is down. HAProxy, `fall`. */
  fall: v.optional(count(1, 100), 3),
  /** Time for the answer to a check. HAProxy, `timeout check`. */
  timeoutMs: v.optional(milliseconds(10, limits.probeMs), limits.probeMs),
  /** What is asked for, by HEAD; by GET where a body is expected. HAProxy, `option httpchk`. */
  path: v.optional(text(/^\/[^\s#]*$/, "a path that begins with /"), "/"),
  /** The statuses that pass, such as `200-399` or `200,204`. HAProxy, `http-check expect status`. */
  expectStatus: v.optional(
    v.pipe(v.string("a text"), v.check(areStatuses, 'statuses, such as "200-399" or "200,204"')),
    "200-399",
  ),
  /** Text that the body must hold, in its first 64 KiB. HAProxy, `http-check expect string`. */
  expectBody: v.optional(v.nullable(v.pipe(v.string("a text"), v.nonEmpty("a text"))), null),
  /** Whether a 404 takes a server out for new visitors only. HAProxy, `http-check disable-on-404`. */
  disableOn404: v.optional(v.boolean("true or false"), false),
});

/** What the front learns from the answers themselves. HAProxy manual 5.2, `observe layer7`. */
const observe = section({
  /** Bad answers in a row, with no good one between them, that one isolate of the front must see. HAProxy, `error-limit`. */
  errorLimit: v.optional(count(1, 1000), 10),
  /** What follows. HAProxy, `on-error`: `mark-down` at once, `fail-check` counts as a failed check, `fastinter` only checks sooner. */
  onError: v.optional(word(["mark-down", "fail-check", "sudden-death", "fastinter"]), "fail-check"),
});

/** Servers that are up, but much slower than the others, rest for a while. Envoy, outlier detection. */
const outliers = section({
  /** How many times as slow as the middle of the pool. */
  factor: v.optional(count(2, 100), 5),
  /** Answers slower than the others by less than this do not count. */
  leastMs: v.optional(milliseconds(1, limits.deadlineMs), 100),
  /** Answers of a server within which it is judged. */
  answers: v.optional(count(5, 10_000), 20),
  /** How long a server rests the first time; n times as long the nth time. */
  restMs: v.optional(milliseconds(100, limits.ejectionMs), 30_000),
});

const retries = section({
  /** Tries after the first one. HAProxy manual 4.2, `retries`. */
  most: v.optional(count(0, 10), 2),
  /** Time for one try, until the header of the answer; `null`, and while a body streams: what is left of the route's `deadlineMs`. Envoy, `per_try_timeout`. */
  tryMs: v.optional(v.nullable(milliseconds(1, limits.deadlineMs)), null),
  /** Share of the requests under way that may be tries after the first one. Envoy, `retry_budget`. */
  budgetPercent: v.optional(count(0, 100), 20),
  /** So many may be at any time, however few requests are under way. */
  budgetLeast: v.optional(count(0, 1000), 3),
});

const queue = section({
  /** Requests that wait at once in one isolate of the front for a server below its `maxconn`. HAProxy, `maxqueue`. */
  size: v.optional(count(0, limits.queued), 128),
  /** How long one waits; then the client gets a 503. HAProxy, `timeout queue`. */
  waitMs: v.optional(milliseconds(0, limits.deadlineMs), 1000),
});

/** Section `pools.<name>`: servers that can stand in for each other. */
export const poolSchema = v.pipe(
  section({
    /** How requests are spread. HAProxy manual 4.2, `balance`. */
    algorithm: v.optional(v.picklist(algorithmNames, oneOf(algorithmNames)), "roundrobin"),
    /** What `hash` looks at: `source`, `uri`, `header:<name>` or `cookie:<name>`. HAProxy, `balance source`, `uri`, `hdr(<name>)`. */
    hashOn: v.optional(hashKey, "source"),
    /** Servers that `random` draws, to take the one with fewer requests. HAProxy, `random(<draws>)`. */
    draws: v.optional(count(1, 16), 2),
    /** The servers in the order of their turns. */
    servers: v.pipe(
      v.array(server, "a list of servers"),
      v.minLength(1, "at least one server"),
      v.maxLength(limits.servers, `at most ${limits.servers} servers`),
      v.check((servers) => unique(servers.map((each) => each.name)), "servers with different names"),
    ),
    /**
     * Whether a visitor stays with the server that answered him first. `cookie`: the cookie `TREFOIL_SRV` names it, as
     * HAProxy's `cookie TREFOIL_SRV insert indirect nocache` (manual 4.2, `cookie`).
     */
    stickiness: v.optional(word(["none", "cookie"]), "none"),
    /** The cookie is good for so long after the visitor's last request; `null`: while his browser runs. HAProxy, `maxidle`. */
    stickyIdleMs: v.optional(v.nullable(milliseconds(1000, limits.stickyMs)), null),
    /** The cookie is good for so long after his first request; `null`: while his browser runs. HAProxy, `maxlife`. */
    stickyLifeMs: v.optional(v.nullable(milliseconds(1000, limits.stickyMs)), null),
    /** `null`: no checks; every server counts as up. */
    health: v.optional(v.nullable(health), {}),
    /** `null`: answers say nothing about a server. */
    observe: v.optional(v.nullable(observe), {}),
    /** `null`: nobody rests. */
    outliers: v.optional(v.nullable(outliers), null),
    /**
     * When a smaller share of the servers than this is up, health is ignored: it is more likely that the checks are wrong,
     * or that the few would break down, too. Envoy, `healthy_panic_threshold`. 0: never.
     */
    panicPercent: v.optional(count(0, 100), 50),
    /** A server that comes back up gets its full share only after this time, growing evenly. HAProxy, `slowstart`. */
    slowStartMs: v.optional(milliseconds(0, limits.slowStartMs), 0),
    retries: v.optional(retries, {}),
    queue: v.optional(queue, {}),
  }),
);

/** A pool of servers: section `pools.<name>`. */
export type PoolConfig = v.InferOutput<typeof poolSchema>;

/** A server of a pool: section `pools.<name>.servers[]`. */
export type ServerConfig = PoolConfig["servers"][number];

/** Section `pools.<name>.health`. */
export type HealthConfig = NonNullable<PoolConfig["health"]>;

/** Section `pools.<name>.outliers`. */
export type OutlierConfig = NonNullable<PoolConfig["outliers"]>;
