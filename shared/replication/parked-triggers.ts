import { schemaObjects } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { quoteName, systemPrefix } from "../sql/names.ts";

const parked = `${systemPrefix}triggers`;

/**
 * The user's triggers on a replica. They must not fire, since what they did on the primary stands in the records. They are
 * kept as text in the order in which they were made, and stand in the schema only while a statement changes it: a rename
 * then rewrites them as it does on the primary.
 */
export class ParkedTriggers {
  readonly #engine: SqlEngine;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    engine.run(`CREATE TABLE IF NOT EXISTS ${parked} (id INTEGER PRIMARY KEY, sql)`);
  }

  /** Runs `change` with the triggers in the schema. */
  whileUnparked(change: () => void): void {
    for (const [sql] of this.#engine.run(`SELECT sql FROM ${parked} ORDER BY id`).rows) this.#engine.run(String(sql));
    this.#engine.run(`DELETE FROM ${parked}`);
    change();
    for (const { name, sql } of schemaObjects(this.#engine).filter(({ type }) => type === "trigger")) {
      this.#engine.run(`INSERT INTO ${parked} (sql) VALUES (?)`, sql);
      this.#engine.run(`DROP TRIGGER ${quoteName(name)}`);
    }
  }
}
