import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { html } from "hono/html";
import { type ErrorCode, errors } from "../../shared/kernel/error.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { binlogPath, readBinlog } from "./binlog.ts";
import { checkPath, type Outcome, readCheck, rebuild, rebuildPath, startCheck } from "./database.ts";
import type { ControlEnv } from "./env.ts";
import { addFault, clearFaults, faultsInForce, faultsPath } from "./faults.ts";
import { StatusPage } from "./page.tsx";
import {
  changeState,
  changeWeight,
  readServers,
  runRuntime,
  runtimePath,
  serversPath,
  statePath,
  weightPath,
} from "./servers.ts";
import { readStats, statsPath } from "./stats.ts";
import { gatherStatus } from "./status.ts";

type App = { Bindings: ControlEnv };

/** Every answer that is not what was asked for has this one form. */
function problem(c: Context, code: ErrorCode, message: string = errors[code].advice): Response {
  return c.json({ error: { code, message } }, errors[code].status);
}

/** What came of a call to the database: its value, or the problem. */
const answer = <Value extends object>(c: Context, outcome: Outcome<Value>, status: 200 | 202 = 200): Response =>
  outcome.ok ? c.json(outcome.value, status) : problem(c, outcome.code, outcome.message);

/** The JSON that the client sent; `undefined` if it is none. */
const bodyOf = (c: Context): Promise<unknown> => c.req.json().catch(() => undefined);

/** A browser sends the credential with whatever a page of another site makes it send: such a request names its origin. */
const ownPagesOnly: MiddlewareHandler<App> = async (c, next) => {
  const origin = c.req.header("Origin");
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  if (isRead || origin === undefined || origin === new URL(c.req.url).origin) return next();
  return problem(c, "forbidden");
};

/** Faults are for development and tests: elsewhere there is nothing at their address. */
const whereFaultsAreOn: MiddlewareHandler<App> = async (c, next) =>
  c.req.header("X-Trefoil-Faults") === "on" ? next() : problem(c, "not-found");

const noStore: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("Cache-Control", "no-store");
};

const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The admin API and the dashboard. */
export const app = new Hono<App>();

app.use(noStore, ownPagesOnly);
app.use(bodyLimit({ maxSize: limits.adminBodyBytes, onError: (c) => problem(c, "body-too-large") }));

app.get("/_trefoil", (c) => c.redirect("/_trefoil/", 308));

app.get("/_trefoil/", async (c) => {
  const faults = c.req.header("X-Trefoil-Faults") === "on" ? faultsInForce() : [];
  c.header("Content-Security-Policy", contentSecurityPolicy);
  return c.html(
    html`<!doctype html>${<StatusPage status={await gatherStatus(c.env)} faults={faults} at={new Date()} />}`,
  );
});

app.get("/_trefoil/api/status", async (c) => c.json(await gatherStatus(c.env)));

app.get(serversPath, async (c) => c.json(await readServers(c.env)));
app.post(statePath, async (c) => answer(c, await changeState(c.env, c.req.param(), await bodyOf(c))));
app.post(weightPath, async (c) => answer(c, await changeWeight(c.env, c.req.param(), await bodyOf(c))));
app.get(statsPath, async (c) => c.text(await readStats(c.env)));
app.post(runtimePath, async (c) => c.text(await runRuntime(c.env, await c.req.text())));

app.get(binlogPath, async (c) => answer(c, await readBinlog(c.env, c.req.query())));
app.get(checkPath, async (c) => answer(c, await readCheck(c.env)));
app.post(checkPath, async (c) => answer(c, await startCheck(c.env), 202));
app.post(rebuildPath, async (c) => answer(c, await rebuild(c.env, await bodyOf(c)), 202));

app.use(faultsPath, whereFaultsAreOn);
app.get(faultsPath, (c) => c.json({ faults: faultsInForce() }));
app.delete(faultsPath, async (c) => {
  await clearFaults(c.env);
  return c.json({ faults: faultsInForce() });
});
app.post(faultsPath, async (c) => {
  const added = await addFault(c.env, await bodyOf(c));
  return added.ok ? c.json({ faults: faultsInForce() }) : problem(c, added.code, added.message);
});

app.notFound((c) => problem(c, "not-found"));
app.onError((error, c) => {
  console.error({ message: "control failed", requestId: c.req.header("X-Request-Id"), error: String(error) });
  return problem(c, "internal");
});
