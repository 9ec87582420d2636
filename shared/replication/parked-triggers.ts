import { schemaObjects } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { parkedTriggers as parked } from "../sql/introspection.ts";
import { quoteName } from "../sql/names.ts";

/**
 * The user's triggers on a replica. They must not fire, since what they did on the primary stands in the records. They are
 * kept as text in the order in which they were made, and stand in the schema only while a statement changes it: a rename
 * then rewrites them as it does on the primary.
 */
export class ParkedTriggers {
  readonly #engine: SqlEngine;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    engine.run(`CREATE TABLE IF NOT EXISTS ${parked} (id INTEGER PRIMARY KEY, name, tbl_name, sql)`);
  }

  /** Their texts, in the order in which they were made. */
  texts(): string[] {
    return this.#engine.run(`SELECT sql FROM ${parked} ORDER BY id`).rows.map(([sql]) => String(sql));
  }

  /** Forgets them all. */
  clear(): void {
    this.#engine.run(`DELETE FROM ${parked}`);
  }

  /** Runs `change` with the triggers in the schema. */
  whileUnparked(change: () => void): void {
    for (const sql of this.texts()) this.#engine.run(sql);
    this.clear();
    change();
    for (const { name, table, sql } of schemaObjects(this.#engine).filter(({ type }) => type === "trigger")) {
      this.#engine.run(`INSERT INTO ${parked} (name, tbl_name, sql) VALUES (?, ?, ?)`, name, table, sql);
      this.#engine.run(`DROP TRIGGER ${quoteName(name)}`);
    }
  }
}
