import type { Context, Handler } from "hono";
import { sha256 } from "hono/utils/crypto";
import { readIdempotencyKey } from "../../../shared/http/idempotency-key.ts";
import { assert, present } from "../../../shared/kernel/assert.ts";
import { errors, failure, type Failure } from "../../../shared/kernel/error.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import {
  type Answer,
  findAnswer,
  type KeyDatabase,
  type Keyed,
  type KeyStatement,
  type Known,
  storeAnswer,
} from "./idempotency-store.ts";

/** What an application that uses keys has among its bindings. */
interface KeyedEnv {
  readonly Bindings: { readonly DB: KeyDatabase; readonly NOW_MS: number };
}

/** A statement that is yet to run: of `DB.prepare`, or a query of drizzle's. */
export type Statement = KeyStatement | { toSQL(): { readonly sql: string; readonly params: unknown[] } };

/**
 * Runs statements and stores what is answered, as one transaction: once for each key. When another request with the same
 * key was quicker, nothing of this one has happened, and the answer is the other one's.
 *
 * @param answer makes the answer, before anything has run. `id` stands for the rowid of the last row that the statements
 *   insert, which nobody knows yet: a number to be written into a field or the body as it is, and not to be counted with.
 *   The answer is text of at most `limits.idempotentAnswerBytes`, its status is below 500, and its `Set-Cookie` is not stored.
 * @returns the answer as it was stored. The handler is to return it as it is.
 * @throws what the database throws for the statements: then nothing has happened, but where its code is `unavailable`.
 */
export type Commit = (
  statements: readonly Statement[],
  answer: (id: number) => Response | Promise<Response>,
) => Promise<Response>;

/** How an application uses keys. */
export interface IdempotencyOptions<E extends KeyedEnv> {
  /**
   * Who sends the request, in a text that is his alone: the id of a user, a token. Nobody gets an answer that was given to
   * somebody else, though he knows the key. `undefined`: nobody in particular, and of those a key is known to anybody.
   */
  readonly caller: (c: Context<E>) => string | undefined;
  /** Whether a request without a key is refused. */
  readonly required?: boolean;
}

/**
 * Makes what takes the field `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07) for the routes of an
 * application: a POST or PATCH that comes again with its key gets the answer that the first one got, on any server.
 *
 * The handler writes by `commit`, once, and by nothing else. It may read whatever it likes, and may answer without
 * `commit`, where the input is wrong: then nothing is stored, and the key is as good as new. So it is when the handler throws.
 */
export function idempotency<E extends KeyedEnv>({ caller, required = false }: IdempotencyOptions<E>) {
  return (handler: (c: Context<E>, commit: Commit) => Response | Promise<Response>): Handler<E> =>
    async (c) => {
      const { DB } = c.env;
      const read = readIdempotencyKey(c.req.header("Idempotency-Key"));
      if (!read.ok) return refuse(read);
      if (read.key === null && required) return refuse(missing);
      const keyed = read.key === null ? null : await keyedRequest(c, read.key, caller(c) ?? "");
      const known = keyed && (await findAnswer(DB, keyed));
      if (known) return again(known, keyed);
      const transaction = openTransaction(DB, keyed);
      return transaction.check(await handler(c, transaction.commit));
    };
}

async function keyedRequest<E extends KeyedEnv>({ req, env }: Context<E>, key: string, caller: string): Promise<Keyed> {
  const { pathname, search } = new URL(req.url);
  const body = await hashOf(await req.arrayBuffer());
  return {
    key: await hashOf(JSON.stringify([caller, key])),
    fingerprint: await hashOf(JSON.stringify([req.method, pathname + search, body])),
    nowMs: env.NOW_MS,
  };
}

/** What a handler is given to write with, and what holds it to its rules. */
function openTransaction(db: KeyDatabase, keyed: Keyed | null) {
  let { written } = db;
  let committed: Response | null = null;
  const assertUnwritten = () =>
    assert(keyed === null || db.written === written, "all that a handler with keys writes goes through commit()");

  const commit: Commit = async (statements, answer) => {
    assert(committed === null, "a handler commits once");
    assertUnwritten();
    const standIn = idStandIn();
    const made = await answer(standIn);
    const cookies = made.headers.getSetCookie();
    const stored = await storeAnswer(db, keyed, statements.map(preparedBy(db)), await textOf(made), standIn);
    committed = stored === null ? await othersAnswer(db, keyed) : respond(stored, cookies);
    written = db.written;
    return committed;
  };

  const check = (response: Response): Response => {
    assert(committed === null || response === committed, "a handler returns what commit() has given");
    assertUnwritten();
    return response;
  };

  return { commit, check };
}

/** The answer to the request that was quicker. */
async function othersAnswer(db: KeyDatabase, keyed: Keyed | null): Promise<Response> {
  const taken = present(keyed, "the key that is taken");
  return again(present(await findAnswer(db, taken), "the answer under a key that is taken"), taken);
}

/** The answer that was given before; a 422 to a request that is not the same. */
function again(known: Known, { fingerprint }: Keyed): Response {
  if (known.fingerprint !== fingerprint) return refuse(reused);
  const response = respond(known, []);
  response.headers.set("Idempotent-Replayed", "true");
  return response;
}

const preparedBy =
  (db: KeyDatabase) =>
  (statement: Statement): KeyStatement => {
    if (!("toSQL" in statement)) return statement;
    const { sql, params } = statement.toSQL();
    return db.prepare(sql).bind(...params);
  };

/** An answer in the form in which it is stored. A cookie may be a secret of its own, such as a session: it is not stored. */
async function textOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  assert(status < 500, "an answer that says that the server failed is not for keeping");
  const fields = JSON.stringify([...headers].filter(([name]) => name !== "set-cookie"));
  const bytes = await response.arrayBuffer();
  assert(
    fields.length + bytes.byteLength <= limits.idempotentAnswerBytes,
    "an answer has no more than limits.idempotentAnswerBytes",
  );
  return { status, fields, body: utf8.decode(bytes) };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function respond({ status, fields, body }: Answer, cookies: readonly string[]): Response {
  const headers = new Headers(JSON.parse(fields) as [string, string][]);
  for (const cookie of cookies) headers.append("Set-Cookie", cookie);
  return new Response(body === "" ? null : new TextEncoder().encode(body), { status, headers });
}

/** 15 digits at random: text of a visitor that has them in it as well would have the id in their place, in his own answer. */
const idStandIn = (): number => 1e14 + Math.floor(Math.random() * 9e14);

const hashOf = async (data: string | ArrayBuffer): Promise<string> =>
  present(await sha256(data), "SHA-256 of the runtime");

const missing = failure("bad-request", "This request needs an Idempotency-Key.");

const reused = failure(
  "idempotency-key-reused",
  "This Idempotency-Key came with another request before. Each request needs a key of its own.",
);

const refuse = ({ code, message }: Failure): Response =>
  Response.json({ error: { code, message, issues: [] } }, { status: errors[code].status });
