import { assert } from "../../shared/kernel/assert.ts";
import type { Bookmark, NodeId } from "../../shared/kernel/brand.ts";
import type { ErrorCode } from "../../shared/kernel/error.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { backoffMs } from "../../shared/kernel/retry.ts";
import { formatBookmark, laterBookmark, parseBookmark } from "../../shared/replication/bookmark.ts";
import { hasFailed, hasServed, readOrder, wasBehind } from "../../shared/replication/routing.ts";
import type { StatementRequest } from "../../shared/replication/statement-run.ts";
import { looksLikeRead, splitStatements } from "../../shared/sql/statement.ts";
import type { Cluster } from "./client-cluster.ts";
import { DatabaseError } from "./client-error.ts";
import { asD1Result, ClientStatement, type Served } from "./client-statement.ts";
import { inTime, TimedOut } from "../common/in-time.ts";
import type { QueryReply, QueryRequest } from "./messages.ts";

/**
 * Where a session begins: at a bookmark, which its reads are never behind; anywhere (`first-unconstrained`); with its
 * first statement on the primary (`first-primary`); or with every statement there (`primary`, which D1 does not have).
 */
export type SessionStart = Bookmark | "first-unconstrained" | "first-primary" | "primary";

/** Statements on their way, with the position that their answer must not be behind. */
type Batch = Pick<QueryRequest, "statements" | "bookmark">;

/** Tries of a read on the primary: a node that was reset is there again at once. */
const primaryReadTries = 3;
const primaryBackoff = { baseMs: 20, capMs: 200 } as const;

/**
 * A thread of reads and writes, each of which sees all that came before it: D1's `D1DatabaseSession`, and the rest of D1's
 * interface besides, so that an application may be given a session in place of a D1 binding.
 */
export class DatabaseSession implements D1Database, D1DatabaseSession {
  readonly #cluster: Cluster;
  readonly #begin: () => SessionStart | Promise<SessionStart>;
  readonly #parent: DatabaseSession | null;
  #begun: Promise<void> | null = null;
  #bookmark: Bookmark | null = null;
  #onPrimary: "no" | "first" | "always" = "no";
  #servedBy: NodeId | null = null;
  #written: Bookmark | null = null;

  /**
   * @param begin gives the start of the session, when its first statement runs and not before.
   * @param parent a session whose owner must also read what is written in this one.
   */
  constructor(
    cluster: Cluster,
    begin: () => SessionStart | Promise<SessionStart>,
    parent: DatabaseSession | null = null,
  ) {
    this.#cluster = cluster;
    this.#begin = begin;
    this.#parent = parent;
  }

  /** The node that answered last, here or in a session that began with this one; `null` before the first answer. */
  get servedBy(): NodeId | null {
    return this.#servedBy;
  }

  /**
   * The bookmark that the session's owner must keep to read his writes later; `null` if he wrote nothing. It is also set
   * when the bookmark that he came with is of a future that the primary does not know, so that he does not keep it.
   */
  get written(): Bookmark | null {
    return this.#written;
  }

  /** The latest position that any statement of the session has seen; `null` before the first. */
  getBookmark(): Bookmark | null {
    return this.#bookmark;
  }

  /** A statement of this session. Nothing is sent before it runs. */
  prepare(sql: string): ClientStatement {
    return new ClientStatement((statements) => this.#run(statements), this.#cluster.integers, sql);
  }

  /** Runs `statements` as one transaction: all or none. */
  async batch<T = unknown>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    const reply = await this.#run(statements.map(requestOf));
    return reply.results.map((result) => asD1Result<T>(result, reply));
  }

  /** Runs the statements of a text one after the other, each on its own: what ran before one that fails stays. */
  async exec(sql: string): Promise<D1ExecResult> {
    const startedMs = Date.now();
    const statements = splitStatements(sql);
    for (const [at, statement] of statements.entries()) {
      try {
        await this.prepare(statement).run();
      } catch (error) {
        throw new Error(`D1_EXEC_ERROR: Error in line ${at + 1}: ${statement}: ${messageOf(error)}`, { cause: error });
      }
    }
    return { count: statements.length, duration: Date.now() - startedMs };
  }

  /**
   * A session with another start. What is written in it counts as written in this one, too; and this one begins before it,
   * for what its owner does then, such as making the schema, is for both.
   */
  withSession(start: string = "first-unconstrained"): DatabaseSession {
    const begin = parseStart(start);
    const beginBoth = async () => {
      await this.#begins();
      return begin;
    };
    return new DatabaseSession(this.#cluster, beginBoth, this);
  }

  /** D1 has this method and no longer serves it. */
  dump(): Promise<ArrayBuffer> {
    return Promise.reject(new Error("D1_DUMP_ERROR: dump() is not supported"));
  }

  async #run(statements: readonly StatementRequest[]): Promise<Served> {
    await this.#begins();
    const batch = { statements, bookmark: this.#bookmark };
    const reply = (await this.#readFromReplica(batch)) ?? (await this.#askPrimary(batch));
    this.#absorb(reply, batch.bookmark);
    return reply;
  }

  #begins(): Promise<void> {
    return (this.#begun ??= this.#start());
  }

  async #start(): Promise<void> {
    const start = await this.#begin();
    if (start === "primary") this.#onPrimary = "always";
    else if (start === "first-primary") this.#onPrimary = "first";
    else if (start !== "first-unconstrained") this.#bookmark = start;
  }

  /** `undefined` where the primary must answer: the batch writes or asks for it, or no replica is far enough in time. */
  async #readFromReplica(batch: Batch): Promise<Served | undefined> {
    const { routing, replicas, readWaitMs } = this.#cluster;
    if (this.#onPrimary !== "no" || !this.#onlyReads(batch)) return undefined;
    const startedMs = Date.now();
    for (const replica of readOrder(routing, replicas, batch.bookmark, startedMs)) {
      const waitMs = Math.max(0, startedMs + readWaitMs - Date.now());
      const reply = await this.#askReplica(replica, batch, waitMs);
      if (reply?.ok) return reply;
      // Any other failure may come from the replica's lag, such as a table that it does not have yet: the primary has the last word.
      if (reply && !servesNobody(reply.code)) return undefined;
    }
    return undefined;
  }

  async #askReplica(replica: NodeId, batch: Batch, waitMs: number): Promise<QueryReply | undefined> {
    const { routing } = this.#cluster;
    const only = batch.statements.length === 1 ? batch.statements[0] : undefined;
    try {
      const reply = await this.#ask(replica, batch, waitMs, waitMs + limits.replicaReadMs);
      if (reply.ok) hasServed(routing, replica);
      else if (reply.code === "behind" && batch.bookmark) wasBehind(routing, replica, reply.bookmark, Date.now());
      // One that is behind though nothing was asked for is being filled anew: it serves nobody for a while.
      else if (servesNobody(reply.code)) hasFailed(routing, replica, Date.now(), Math.random);
      else if (reply.code === "not-primary" && only) this.#cluster.learnWrite(only.sql);
      return reply;
    } catch {
      hasFailed(routing, replica, Date.now(), Math.random);
      return undefined;
    }
  }

  async #askPrimary(batch: Batch): Promise<Served> {
    const reads = this.#onlyReads(batch);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const reply = await this.#ask(this.#cluster.primary, batch, 0, limits.primaryMs);
        if (reply.ok) return reply;
        throw new DatabaseError(reply);
      } catch (error) {
        if (error instanceof DatabaseError) throw error;
        if (!reads || attempt === primaryReadTries || !mayPass(error)) throw unavailable(error, reads);
        await scheduler.wait(backoffMs(attempt, primaryBackoff, Math.random));
      }
    }
  }

  /** One call, over a fresh stub: one that has failed stays broken. */
  #ask(node: NodeId, batch: Batch, waitMs: number, timeoutMs: number): Promise<QueryReply> {
    const { nodes, client } = this.#cluster;
    return inTime<QueryReply>(nodes.getByName(node).query({ client, ...batch, waitMs }), timeoutMs);
  }

  #onlyReads({ statements }: Batch): boolean {
    return statements.every(({ sql }) => looksLikeRead(sql) && !this.#cluster.isKnownWrite(sql));
  }

  /**
   * Learns from an answer. Statements may run at the same time, so answers come in any order: what the session has seen and
   * written only grows. A bookmark that was sent with the request and that the primary has not reached is of no history of
   * this database; it is given up for where the primary stands.
   */
  #absorb(reply: Served, asked: Bookmark | null): void {
    const unreal = reply.role === "primary" && asked !== null && asked > reply.bookmark;
    if (unreal && this.#bookmark === asked) this.#bookmark = null;
    this.#bookmark = laterBookmark(this.#bookmark, reply.bookmark);
    if (unreal || reply.results.some(({ kind }) => kind !== "read")) this.#wrote(reply.bookmark);
    this.#answeredBy(reply.node);
    if (this.#onPrimary === "first") this.#onPrimary = "no";
    this.#cluster.sawSchema(reply.schemaVersion);
  }

  #answeredBy(node: NodeId): void {
    this.#servedBy = node;
    if (this.#parent) this.#parent.#answeredBy(node);
  }

  #wrote(at: Bookmark): void {
    this.#written = laterBookmark(this.#written, at);
    if (!this.#parent) return;
    this.#parent.#bookmark = laterBookmark(this.#parent.#bookmark, at);
    this.#parent.#wrote(at);
  }
}

/**
 * Reads where a session is to start.
 *
 * @throws a `D1_SESSION_ERROR` for what is neither a bookmark nor a keyword.
 */
function parseStart(start: string): SessionStart {
  if (start === "first-unconstrained" || start === "first-primary" || start === "primary") return start;
  const position = parseBookmark(start);
  if (position) return formatBookmark(position);
  throw new Error(
    `D1_SESSION_ERROR: ${start} is neither a bookmark nor one of first-unconstrained, first-primary, primary`,
  );
}

/** The request that a statement of this client stands for. */
function requestOf(statement: D1PreparedStatement): StatementRequest {
  assert(statement instanceof ClientStatement, "a batch takes only statements that this database has prepared");
  return statement.request;
}

/** Does a replica that answers so answer no read at all, or not yet? */
const servesNobody = (code: ErrorCode): boolean => code === "behind" || code === "diverged" || code === "stuck";

/** Is it worth asking again at once? Not where the node hangs, nor where it has too much to do: more calls make that worse. */
const mayPass = (error: unknown): boolean =>
  !(error instanceof TimedOut) && !(error instanceof Error && "overloaded" in error && error.overloaded === true);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const unavailable = (error: unknown, retryable: boolean): DatabaseError =>
  new DatabaseError({ code: "unavailable", message: messageOf(error) }, retryable);
