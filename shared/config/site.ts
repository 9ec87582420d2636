import * as v from "valibot";
import { algorithms, type AlgorithmName } from "../balance/algorithms.ts";
import { isJsonTemplate, placeholders, unknownPlaceholders } from "../http/error-page.ts";
import { isReservedPath } from "../http/reserved-path.ts";
import { explain } from "../kernel/explain.ts";
import { limits } from "../kernel/limits.ts";

/** A site configuration with a wrong value. The message has one line for each: key, what was found, what is allowed. */
export class SiteConfigError extends Error {
  override readonly name = "SiteConfigError";
}

/** An object with exactly these keys; another one is most likely a misspelt one, so it is refused. */
const section = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, ({ expected }) => {
    if (expected === "Object") return "a section { ... }";
    if (expected === "never") return `the keys ${Object.keys(entries).join(", ")}`;
    return "a value; this key has no default";
  });

const milliseconds = (minimum: number, maximum: number) => {
  const allowed = `a whole number of milliseconds from ${minimum} to ${maximum}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(minimum, allowed), v.maxValue(maximum, allowed));
};

const text = (form: RegExp, allowed: string) => v.pipe(v.string(allowed), v.regex(form, allowed));

const unique = (values: readonly string[]) => new Set(values).size === values.length;

const oneOf = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");

const name = text(/^[a-z0-9][a-z0-9-]{0,62}$/, "a name of small letters, digits and hyphens, at most 63");

/** RFC 3986 3.3, but for `*`, which would be taken for a pattern. */
const path = v.pipe(
  text(/^\/[\w\-.~%!$&'()+,;=:@/]*$/, "a path that begins with /, such as /shop: it takes all below it, so no pattern"),
  v.check(
    (value) => !isReservedPath(value),
    "a path that is not reserved: /_trefoil/ and /dns-query belong to Trefoil",
  ),
);

const algorithmNames = Object.keys(algorithms) as AlgorithmName[];

const server = section({
  /** What logs, cookies and the admin API call the server. */
  name,
  /** The service binding of the front that leads to it, as in the root `wrangler.toml`. */
  binding: text(/^[A-Z][A-Z0-9_]*$/, "the name of a service binding in wrangler.toml, such as ORIGIN_A"),
});

const pool = section({
  /** How requests are spread. HAProxy manual 4.2, `balance`. */
  algorithm: v.optional(v.picklist(algorithmNames, oneOf(algorithmNames)), "roundrobin"),
  /** The servers in the order of their turns. */
  servers: v.pipe(
    v.array(server, "a list of servers"),
    v.minLength(1, "at least one server"),
    v.check((servers) => unique(servers.map((each) => each.name)), "servers with different names"),
  ),
  /**
   * Whether a visitor stays with the server that answered him first. `cookie`: the cookie `TREFOIL_SRV` names it, as
   * HAProxy's `cookie TREFOIL_SRV insert indirect nocache` (manual 4.2, `cookie`).
   */
  stickiness: v.optional(v.picklist(["none", "cookie"], '"none", "cookie"'), "none"),
});

const route = section({
  /** The route takes this path and all below it; of several that fit, the longest. */
  path,
  /** The pool that serves it. */
  pool: name,
  /** Time from the request until the header of the response, over all tries together; then the client gets a 504. */
  deadlineMs: v.optional(milliseconds(1, limits.deadlineMs), 10_000),
  /**
   * Longest time in which nothing of a body arrives or is taken, by the server or by the client; then it is broken off.
   * HAProxy manual 4.2, `timeout client` and `timeout server`; nginx, `proxy_read_timeout`.
   */
  idleMs: v.optional(milliseconds(1, limits.idleMs), 60_000),
  /** The same for a WebSocket and for server-sent events, in either direction. HAProxy manual 4.2, `timeout tunnel`. */
  tunnelMs: v.optional(milliseconds(1, limits.tunnelMs), 3_600_000),
});

const template = (isSound: (text: string) => boolean, allowed: string) =>
  v.optional(
    v.pipe(
      v.string("a text"),
      v.maxLength(limits.errorPageLength, `a text of at most ${limits.errorPageLength} characters`),
      v.check(
        (text) => unknownPlaceholders(text).length === 0,
        `a text with no placeholders but ${oneOf(placeholders)}`,
      ),
      v.check(isSound, allowed),
    ),
  );

const always = () => true;

/** In each, `{{status}}`, `{{code}}`, `{{title}}`, `{{message}}` and `{{requestId}}` stand for what happened. */
const errorPage = section({
  /** For clients that accept `text/html`. What is put in is escaped for text and quoted attributes. */
  html: template(always, "a text"),
  /** For clients that prefer `application/json`. What is put in is escaped for a JSON string. */
  json: template(isJsonTemplate, "a text that is JSON when its placeholders are filled in"),
  /** For clients that prefer `text/plain`. */
  text: template(always, "a text"),
});

const errorPages = v.record(text(/^(default|[45][0-9]{2})$/, 'a status, such as "503", or "default"'), errorPage);

const database = v.pipe(
  section({
    /** The node that takes the writes. */
    primary: v.optional(name, "db-1"),
    /** The nodes that follow it and answer reads. May be empty. */
    replicas: v.optional(v.array(name, "a list of node names"), () => ["db-2", "db-3"]),
    /** How long a read waits for a replica to reach the session's bookmark before it goes to the primary. */
    readWaitMs: v.optional(milliseconds(0, limits.deadlineMs), 100),
  }),
  v.check(({ primary, replicas }) => unique([primary, ...replicas]), "nodes with different names"),
);

const assets = section({
  /**
   * Paths below which no file ever changes: a year in every cache. Files whose names bear a fingerprint in hex digits
   * need no mention; those that Vite or esbuild names do, because their fingerprints cannot be told from words.
   */
  immutable: v.optional(v.array(path, "a list of paths"), () => []),
});

const schema = v.pipe(
  section({
    routes: v.optional(
      v.pipe(
        v.array(route, "a list of routes"),
        v.check((routes) => unique(routes.map((each) => each.path)), "routes with different paths"),
        v.check(
          (routes) => routes.some((each) => each.path === "/"),
          'a list with a route for "/", which takes the rest',
        ),
      ),
      [{ path: "/", pool: "web" }],
    ),
    pools: v.pipe(
      v.record(name, pool, "a section { name: pool, ... }"),
      v.check((pools) => Object.keys(pools).length > 0, "at least one pool"),
      v.check(
        (pools) => Object.values(pools).filter(({ stickiness }) => stickiness === "cookie").length <= 1,
        "one sticky pool at most: its cookie names one server",
      ),
    ),
    database: v.optional(database, {}),
    /**
     * Pages that take the place of the front's own, by status (`"503"`) or for all of them (`default`). HAProxy manual
     * 4.2, `errorfile`; nginx, `error_page`.
     */
    errorPages: v.optional(errorPages, {}),
    assets: v.optional(assets, {}),
    /**
     * Whether responses name the server, the database node and the times of the hops (`X-Served-By`, `X-Trefoil-*`,
     * `Server-Timing`). "dev": where FAULTS=on, which `npm start` and the tests set. The topology is nobody's business.
     */
    debugHeaders: v.optional(v.union([v.literal("dev"), v.boolean()], '"dev", true, false'), "dev"),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues !== undefined) return;
    const { routes, pools } = dataset.value;
    routes.forEach((each, index) => {
      if (Object.hasOwn(pools, each.pool)) return;
      const at = (key: string | number, value: unknown) => ({ type: "unknown", origin: "value", key, value }) as const;
      addIssue({
        input: each.pool,
        message: oneOf(Object.keys(pools)),
        path: [
          { ...at("routes", routes), input: dataset.value },
          { ...at(index, each), input: routes },
          { ...at("pool", each.pool), input: each },
        ],
      });
    });
  }),
);

/** What a user writes in `site.config.ts`: everything but `pools` has a default. */
export type SiteInput = v.InferInput<typeof schema>;

/** The site configuration, checked and complete. Plain data: it survives JSON. */
export type Site = v.InferOutput<typeof schema>;

/** A pool of servers: section `pools.<name>`. */
export type PoolConfig = Site["pools"][string];

/** A server of a pool: section `pools.<name>.servers[]`. */
export type ServerConfig = PoolConfig["servers"][number];

/** A route: section `routes[]`. */
export type RouteConfig = Site["routes"][number];

/**
 * Checks a site configuration and fills in the defaults.
 *
 * @throws {SiteConfigError} naming each wrong key, what was found there and what is allowed.
 */
export const defineSite = (input: SiteInput): Site => readSite(input);

/**
 * The same for a value of unknown form, such as what a file exports. A configuration that was read stays as it is.
 *
 * @throws {SiteConfigError} as `defineSite`.
 */
export function readSite(value: unknown): Site {
  const result = v.safeParse(schema, value);
  if (!result.success) throw new SiteConfigError(result.issues.map(explain).join("\n"));
  return result.output;
}
