import * as v from "valibot";

/** What `GET /_trefoil/api/explain` is asked: a request as it would come. */
export const explainQuery = v.object({
  /** Its URL; a path alone stands for one at the site itself. */
  url: v.pipe(
    v.string("the parameter url is needed"),
    v.regex(/^(?:https?:\/\/[^\s/]+)?\/\S*$/, "url is an http URL or a path"),
  ),
  method: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]+$/, "method is in capitals, such as GET")), "GET"),
  /** The client's address. */
  ip: v.optional(v.string()),
  /** The field `Cookie`. */
  cookie: v.optional(v.string()),
  /** Further fields, each as `Name: value`, in lines. */
  fields: v.optional(v.string()),
});

const server = v.object({
  name: v.string(),
  /** Whom it may serve. */
  fitness: v.picklist(["all", "bound", "none"]),
  /** Why. */
  reason: v.string(),
  /** Whether the algorithm chooses among it and others now. */
  isCandidate: v.boolean(),
  weight: v.number(),
  /** Requests that it has now from the isolate that was asked. */
  load: v.number(),
  /** `null`: no limit. */
  maxconn: v.nullable(v.number()),
});

/** Its answer: what one isolate of the front would do with the request now, and why. It does nothing. */
export const explanationSchema = v.object({
  /** The rule: a route of the site configuration. */
  route: v.object({ path: v.string(), host: v.nullable(v.string()), methods: v.nullable(v.array(v.string())) }),
  /** Where it leads the client, if it is a redirect. */
  redirect: v.nullable(v.string()),
  pool: v.nullable(v.string()),
  /** The pool's algorithm, and what it looks at in the request. */
  algorithm: v.nullable(v.string()),
  key: v.nullable(v.string()),
  /** What the cookie of a sticky pool says, as in the log. */
  cookie: v.nullable(v.string()),
  servers: v.array(server),
  /** Whether health is ignored, because too few servers are up. */
  isPanic: v.boolean(),
  /** Requests that wait for a server now. */
  waiting: v.number(),
  /** The server that would get it. */
  server: v.nullable(v.string()),
  /** One sentence. */
  because: v.string(),
  /** How long ago control was heard; `null`: never. */
  controlAgeMs: v.nullable(v.number()),
});

/** What the front would do with a request, and why. */
export type Explanation = v.InferOutput<typeof explanationSchema>;
