import * as v from "valibot";
import { hides, leadsBack, openRouter } from "../balance/route.ts";
import { isJsonTemplate, placeholders, unknownPlaceholders } from "../http/error-page.ts";
import { explain } from "../kernel/explain.ts";
import { limits } from "../kernel/limits.ts";
import { milliseconds, name, oneOf, path, section, text, unique, word } from "./fields.ts";
import { poolSchema } from "./pool.ts";
import { type RouteConfig, routeSchema } from "./route.ts";

export type { PoolConfig, ServerConfig } from "./pool.ts";
export type { RouteConfig } from "./route.ts";

/** A site configuration with a wrong value. The message has one line for each: key, what was found, what is allowed. */
export class SiteConfigError extends Error {
  override readonly name = "SiteConfigError";
}

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

/** A step on the way to a value, as an issue names it. */
const step = (input: object, key: string | number, value: unknown) =>
  ({ type: "unknown", origin: "value", input, key, value }) as const;

const takesAll = ({ path, host, methods, fields }: RouteConfig) =>
  path === "/" && host === null && methods === null && Object.keys(fields).length === 0;

const schema = v.pipe(
  section({
    routes: v.optional(
      v.pipe(
        v.array(routeSchema, "a list of routes"),
        v.check(
          (routes) => !routes.some((later, index) => routes.slice(0, index).some((earlier) => hides(earlier, later))),
          "routes of which none takes all that a later one is for",
        ),
        v.check(
          (routes) => routes.some(takesAll),
          'a list with a route for "/" without conditions, which takes the rest',
        ),
      ),
      [{ path: "/", pool: "web" }],
    ),
    pools: v.pipe(
      v.record(name, poolSchema, "a section { name: pool, ... }"),
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
     * What the front writes to its log of each request. `httplog`: a line as HAProxy's (manual 8.2.3), which `halog` reads.
     */
    log: v.optional(word(["none", "httplog"]), "none"),
    /**
     * Whether responses name the server, the database node and the times of the hops (`X-Served-By`, `X-Trefoil-*`,
     * `Server-Timing`). "dev": where FAULTS=on, which `npm start` and the tests set. The topology is nobody's business.
     */
    debugHeaders: v.optional(v.union([v.literal("dev"), v.boolean()], '"dev", true, false'), "dev"),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues !== undefined) return;
    const { routes, pools } = dataset.value;
    const router = openRouter(routes);
    routes.forEach((route, index) => {
      const refuse = (key: "pool" | "redirect", message: string) =>
        addIssue({
          input: route[key],
          message,
          path: [step(dataset.value, "routes", routes), step(routes, index, route), step(route, key, route[key])],
        });
      if (route.pool !== undefined && !Object.hasOwn(pools, route.pool)) refuse("pool", oneOf(Object.keys(pools)));
      if (leadsBack(route, router)) refuse("redirect", "a redirect to where the route does not lead on, for ever");
    });
  }),
);

/** What a user writes in `site.config.ts`: everything but `pools` has a default. */
export type SiteInput = v.InferInput<typeof schema>;

/** The site configuration, checked and complete. Plain data: it survives JSON. */
export type Site = v.InferOutput<typeof schema>;

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
