import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { jsxRenderer } from "hono/jsx-renderer";
import { secureHeaders } from "hono/secure-headers";
import { limits } from "../../../shared/kernel/limits.ts";
import { databaseOutage } from "../server/outage.ts";
import { api } from "./api.ts";
import type { AppEnv } from "./env.ts";
import { fail } from "./fail.tsx";
import { pages } from "./pages.tsx";
import { sessionApi } from "./session-api.ts";
import { sessionPages } from "./session-pages.tsx";
import { Layout } from "./view/layout.tsx";

/**
 * The sample site. It stands where your own application goes: a Hono app that is the default export. The SQL files in
 * `migrations` make the schema of its database. Nothing in it knows of the other servers; it sees a D1 database, `c.env.DB`.
 */
const app = new Hono<AppEnv>();

app.use(jsxRenderer(Layout));
app.use(
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // Under `no-referrer` a browser would send `Origin: null` with our own form, and csrf() would refuse it (Fetch, 3.2).
    referrerPolicy: "same-origin",
    // Whether a host name is to be had over TLS alone is for the site as a whole to say, not for one of its applications.
    strictTransportSecurity: false,
    // `frameAncestors` takes its place; the others speak to browsers and plug-ins that are gone.
    xFrameOptions: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  }),
);
// A browser names the origin of every form that it posts (Fetch, 3.2; W3C Fetch Metadata); a request without either field
// comes from no browser, so nobody's cookies are abused by it.
const refuseForeignForms = csrf();
app.use((c, next) => {
  const isFromBrowser = c.req.header("Origin") !== undefined || c.req.header("Sec-Fetch-Site") !== undefined;
  return isFromBrowser ? refuseForeignForms(c, next) : next();
});
app.use(
  bodyLimit({
    maxSize: limits.appBodyBytes,
    onError: (c) => fail(c, "body-too-large", `The body has more than ${limits.appBodyBytes} bytes.`),
  }),
);

app.get("/api/whoami", (c) => {
  c.header("Cache-Control", "no-store");
  return c.json({ origin: c.env.SERVER, requestId: c.req.header("X-Request-Id") });
});
app.route("/api/posts", api);
app.route("/posts", pages);
app.route("/api/session", sessionApi);
app.route("/session", sessionPages);

app.notFound((c) => fail(c, "not-found", "There is nothing at this address."));

app.onError((error, c) => {
  if (error instanceof HTTPException && error.status === 403) {
    return fail(c, "forbidden", "The form was sent from a page of another site.");
  }
  const outage = databaseOutage(error);
  if (outage !== null) {
    console.warn({ message: "database outage", code: outage, requestId: c.req.header("X-Request-Id") });
    c.header("Retry-After", "1");
    return fail(
      c,
      outage,
      "The database does not answer. If you were saving something, look first whether it is there.",
    );
  }
  // What drizzle says of an error holds the values of the query, which are the visitor's: the cause does without.
  console.error(error.cause ?? error);
  return fail(c, "internal", "Something went wrong on our side.");
});

export default app;
