import { limits } from "../../../shared/kernel/limits.ts";

/** What keys need of a database: some of D1's interface. */
export interface KeyDatabase {
  prepare(sql: string): KeyStatement;
  batch<Row>(statements: KeyStatement[]): Promise<{ readonly results: Row[] }[]>;
  /** How far its owner has written, where it is a session of Trefoil's client. */
  readonly written?: string | null;
}

/** A statement that is yet to run. */
export interface KeyStatement {
  bind(...values: unknown[]): KeyStatement;
}

/** A request under its key. */
export interface Keyed {
  /** SHA-256 of caller and key. */
  readonly key: string;
  /** SHA-256 of all that makes the request the same: method, target, body. */
  readonly fingerprint: string;
  /** When it came, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** An answer as it is stored. */
export interface Answer {
  readonly status: number;
  /** JSON: pairs of name and value. */
  readonly fields: string;
  readonly body: string;
}

/** What the table `trefoil_idempotency` knows of a key. */
export type Known = Answer & { readonly fingerprint: string };

/**
 * What was answered under a key; `undefined` when it is new or has expired. Some of those that have expired go at the same
 * time, so that nothing else has to sweep. As a batch that writes it runs at the primary and counts as a write of the
 * session: whoever gets an old answer gets the bookmark with it, and so reads what that answer speaks of.
 */
export async function findAnswer(db: KeyDatabase, { key, nowMs }: Keyed): Promise<Known | undefined> {
  const [, found] = await db.batch<Known>([
    db
      .prepare(
        "delete from trefoil_idempotency where expires_at <= ?1 and (key = ?2 or key in " +
          "(select key from trefoil_idempotency where expires_at <= ?1 order by expires_at limit ?3))",
      )
      .bind(nowMs, key, limits.expiredKeysDeleted),
    db.prepare("select fingerprint, status, fields, body from trefoil_idempotency where key = ?").bind(key),
  ]);
  return found?.results[0];
}

/**
 * Runs statements as one transaction, and stores the answer under the key in it: first the key, which is unique, so that
 * of two at once one fails as a whole; last the id that the statements made, in place of `standIn`.
 *
 * @param keyed `null` for a request without a key: then nothing is stored, and the rest is the same.
 * @returns the answer as it is stored; `null` when the key is taken, and nothing was changed.
 * @throws what the database throws for the statements.
 */
export async function storeAnswer(
  db: KeyDatabase,
  keyed: Keyed | null,
  statements: readonly KeyStatement[],
  answer: Answer,
  standIn: number,
): Promise<Answer | null> {
  const around =
    keyed === null ? { before: [], after: filledIn(db, answer, standIn) } : kept(db, keyed, answer, standIn);
  try {
    const results = await db.batch<Answer>([...around.before, ...statements, around.after]);
    return { ...answer, ...results.at(-1)?.results[0] };
  } catch (error) {
    if (String(error).includes("UNIQUE constraint failed: trefoil_idempotency.key")) return null;
    throw error;
  }
}

function kept(db: KeyDatabase, { key, fingerprint, nowMs }: Keyed, { status, fields, body }: Answer, standIn: number) {
  const columns = "key, fingerprint, expires_at, status, fields, body";
  const insert = db.prepare(`insert into trefoil_idempotency (${columns}) values (?, ?, ?, ?, ?, ?)`);
  const update = db.prepare(
    "update trefoil_idempotency set fields = replace(fields, ?1, last_insert_rowid()), " +
      "body = replace(body, ?1, last_insert_rowid()) where key = ?2 returning fields, body",
  );
  return {
    before: [insert.bind(key, fingerprint, nowMs + limits.idempotencyKeyMs, status, fields, body)],
    after: update.bind(`${standIn}`, key),
  };
}

function filledIn(db: KeyDatabase, { fields, body }: Answer, standIn: number): KeyStatement {
  const sql = "select replace(?1, ?3, last_insert_rowid()) as fields, replace(?2, ?3, last_insert_rowid()) as body";
  return db.prepare(sql).bind(fields, body, `${standIn}`);
}
