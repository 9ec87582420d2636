import site from "#site";
import { DatabaseError, openDatabase, type DatabaseSession } from "../../../workers/database/client.ts";
import type { DatabaseNode } from "../../../workers/database/node.ts";
import type { Call, Outcome, Script } from "./script.ts";

interface Env {
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const node = new URL(request.url).pathname.slice(1);
    if (node !== "") return Response.json(await readNode(env, node, await request.text()));
    const script = await request.json<Script>();
    const options = { integers: script.integers ?? "number" };
    const database = openDatabase(env.NODE, site.database, "sql-client", () => "primary", options);
    return new Response(JSON.stringify(await play(database, script), withBigints));
  },
};

const withBigints = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? { big: String(value) } : value;

const readNode = (env: Env, node: string, sql: string) =>
  env.NODE.getByName(node).query({
    client: "sql-client",
    statements: [{ sql, parameters: [] }],
    bookmark: null,
    waitMs: 0,
  });

async function play(database: DatabaseSession, { start, calls }: Script): Promise<Outcome> {
  const session = start === undefined ? database : database.withSession(start);
  const results: unknown[] = [];
  const outcome = () => ({
    results,
    bookmark: session.getBookmark(),
    servedBy: session.servedBy,
    written: session.written,
    writtenInParent: database.written,
  });
  try {
    for (const call of calls) results.push(await make(session, call));
    return outcome();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const known = error instanceof DatabaseError ? { code: error.code, retryable: error.retryable } : {};
    return { ...outcome(), error: { message, ...known } };
  }
}

function make(target: DatabaseSession, { method, sql, values = [] }: Call): Promise<unknown> {
  const statements = [sql].flat();
  if (method === "batch") return target.batch(statements.map((text) => target.prepare(text)));
  if (method === "exec") return target.exec(statements.join("\n"));
  const statement = target.prepare(statements.join()).bind(...values.map(decode));
  return method === "raw" ? statement.raw({ columnNames: true }) : statement[method]();
}

function decode(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if ("big" in value) return BigInt(String(value.big));
  return "blob" in value && Array.isArray(value.blob) ? new Uint8Array(value.blob) : undefined;
}
