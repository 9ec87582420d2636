import migrations from "#migrations";
import site from "#site";
import { readBookmarkCookie, writeBookmarkCookie } from "../../../shared/http/bookmark-cookie.ts";
import { consistencies, parseConsistency, sessionStart } from "../../../shared/http/consistency.ts";
import { clockOffsetMs } from "../../common/fault-port.ts";
import { openDatabase, type DatabaseSession } from "../../database/client.ts";
import app from "../app/index.ts";
import type { OriginEnv } from "./env.ts";
import { migrate } from "./migrate.ts";

/**
 * Lets the application answer. Its `DB` is the visitor's own session: whichever server takes his request, his reads are
 * never behind his writes, because the bookmark of the last one comes with his cookie. A request that needs no database
 * never calls it.
 */
export async function serveApplication(request: Request, env: OriginEnv, context: ExecutionContext): Promise<Response> {
  const level = parseConsistency(request.headers.get("Trefoil-Consistency"));
  if (level === null) return unknownConsistency();
  const client = `origin-${env.SERVER}`;
  const session = openDatabase(env.NODE, site.database, client, async () => {
    await migrate(openDatabase(env.NODE, site.database, client), migrations);
    return sessionStart(level, readBookmarkCookie(request.headers.get("Cookie")));
  });
  const nowMs = Date.now() + clockOffsetMs(client);
  const response = await app.fetch(request, { ...env, DB: session, NOW_MS: nowMs }, context);
  return marked(request, response, session);
}

/**
 * The response with what the session leaves behind, if it was used: which node answered, and how far the visitor has
 * written. Unless the application says otherwise, no cache may keep what was read for one visitor.
 */
function marked(request: Request, response: Response, session: DatabaseSession): Response {
  if (session.servedBy === null) return response;
  const bookmark = session.getBookmark();
  const answer = new Response(response.body, response);
  const { headers } = answer;
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "private, no-cache");
  headers.set("X-Trefoil-Node", session.servedBy);
  if (bookmark !== null) headers.set("X-Trefoil-Bookmark", bookmark);
  if (session.written !== null) {
    const secure = new URL(request.url).protocol === "https:";
    headers.append("Set-Cookie", writeBookmarkCookie(session.written, secure));
  }
  return answer;
}

function unknownConsistency(): Response {
  const message = `Trefoil-Consistency is one of ${consistencies.join(", ")}.`;
  return Response.json({ error: { code: "bad-request", message, issues: [] } }, { status: 400 });
}
