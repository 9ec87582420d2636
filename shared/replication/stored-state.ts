import type { SqlEngine } from "../sql/engine.ts";
import { systemPrefix } from "../sql/names.ts";

const table = `${systemPrefix}state`;

/**
 * What a node must remember over a reset beside its data and its log: plain data under a name, one row each. Written
 * within a transaction it is undone with it, so read it again then.
 */
export class StoredState {
  readonly #engine: SqlEngine;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    engine.run(`CREATE TABLE IF NOT EXISTS ${table} (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID`);
  }

  /** What was stored last under `name`; the caller knows its type. */
  read<Stored>(name: string): Stored | undefined {
    const value = this.#engine.run(`SELECT value FROM ${table} WHERE name = ?`, name).rows[0]?.[0];
    return typeof value === "string" ? (JSON.parse(value) as Stored) : undefined;
  }

  write(name: string, value: object): void {
    this.#engine.run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, name, JSON.stringify(value));
  }
}
