import { keyMatches, type Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { quoteName, quoteText, systemPrefix } from "../sql/names.ts";
import { readUniqueKeys, type KeyPart, type UniqueKey } from "../sql/unique-keys.ts";

/** The note-book of touched rows: see `capture.ts`. */
export const dirty = `${systemPrefix}dirty`;

/** Holds a row while a REPLACE conflict clause may push rows out. */
export const replacing = `${systemPrefix}replacing`;

/** The names of the note-book's columns for a key of `width` columns. */
export const keyColumns = (width: number): string[] => Array.from({ length: width }, (_, at) => `k${at}`);

const pushed = `${systemPrefix}pushed_`;

/** Names of the triggers that stand beside those of the user which write to full-text tables: see `search-capture.ts`. */
export const besideTriggers = `${systemPrefix}search_`;

/** A trigger's name and its text. */
export type NamedTrigger = readonly [name: string, sql: string];

/**
 * Makes the system's triggers those that are needed, whatever a change of schema left behind.
 *
 * @param beside those that stand beside the user's, in the order of theirs.
 */
export function reconcileTriggers(engine: SqlEngine, tables: readonly Table[], beside: readonly NamedTrigger[]): void {
  const parents = readParents(engine);
  const wanted = new Map([...tables.flatMap((table) => captureTriggers(engine, table, parents)), ...beside]);
  for (const [name, sql] of systemTriggers(engine, systemPrefix)) {
    if (wanted.get(name) === sql) wanted.delete(name);
    else engine.run(`DROP TRIGGER ${quoteName(name)}`);
  }
  for (const sql of wanted.values()) engine.run(sql);
}

/** Takes away the triggers that name columns beside the key's, or other tables: ALTER TABLE refuses to drop a column that any trigger names. */
export function dropColumnTriggers(engine: SqlEngine): void {
  for (const [name] of [pushed, besideTriggers].flatMap((prefix) => systemTriggers(engine, prefix)))
    engine.run(`DROP TRIGGER ${quoteName(name)}`);
}

/** The triggers whose names begin with `prefix`. */
function systemTriggers(engine: SqlEngine, prefix: string): NamedTrigger[] {
  const { rows } = engine.run(
    `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, ${prefix.length}) = '${prefix}'`,
  );
  return rows.map(([name, sql]) => [String(name), String(sql)]);
}

/**
 * The triggers that note changes of `table`, as name and text. Keys that a row leaves are noted before it does: the check
 * of a foreign key that refers to them gives them the affinity of its own column, so that an AFTER trigger would find 1
 * where '1.0' was.
 */
function captureTriggers(engine: SqlEngine, table: Table, parents: ReadonlySet<string>): NamedTrigger[] {
  const { key, collations, withoutRowid } = table;
  if (table.virtual) return [];
  const moved = key
    .map((column, at) => `OLD.${quoteName(column)} IS NOT NEW.${quoteName(column)} COLLATE ${collations[at]}`)
    .join(" OR ");
  return [
    trigger(table, "insert", "AFTER INSERT", note(table, "NEW.")),
    trigger(table, "update", "AFTER UPDATE", note(table, "NEW.")),
    trigger(
      table,
      "moved",
      "BEFORE UPDATE",
      ["OLD.", ...(withoutRowid ? ["NEW."] : [])].map((row) => `${note(table, row)} WHERE ${moved}`).join("; "),
    ),
    trigger(table, "delete", "BEFORE DELETE", note(table, "OLD.")),
    ...pushedTriggers(engine, table, parents),
    ...(table.autoincrement ? [counterTrigger(table)] : []),
  ];
}

const trigger = ({ name }: Table, task: string, event: string, body: string, when = ""): NamedTrigger => {
  const title = `${systemPrefix}${task}_${name}`;
  return [title, `CREATE TRIGGER ${quoteName(title)} ${event} ON ${quoteName(name)} ${when}BEGIN ${body}; END`];
};

const note = ({ name, key }: Table, row: string, marks: readonly [string, string] = ["", ""]): string =>
  `INSERT INTO ${dirty}(tbl, ${marks[0]}${keyColumns(key.length).join(", ")}) SELECT ${[quoteText(name) + marks[1], ...key.map((column) => row + quoteName(column))].join(", ")}`;

/**
 * A REPLACE conflict clause deletes rows in its way, and no delete trigger fires (https://sqlite.org/lang_conflict.html).
 * So the rows that share a unique key with what is about to be written are noted before it. Who has the very key of the new
 * row needs no such note, but where the row under way may itself fall to a cascade from the one that it pushes out.
 */
function pushedTriggers(engine: SqlEngine, table: Table, parents: ReadonlySet<string>): NamedTrigger[] {
  const fresh = freshValues(engine, table);
  const uniques = readUniqueKeys(engine, table).map((unique) => sharesKey(unique, fresh));
  const [before, after] = ["OLD.", "NEW."].map((row) =>
    keyMatches(
      table,
      "",
      table.key.map((column) => row + quoteName(column)),
    ),
  );
  const inUpdate = parents.has(table.name.toLowerCase()) ? [...uniques, String(after)] : uniques;
  const noted = (keys: readonly string[]) =>
    `${note(table, "", ["pushed, ", ", 1"])} FROM ${quoteName(table.name)} WHERE (${keys.map((key) => `(${key})`).join(" OR ")})`;
  const when = `WHEN EXISTS (SELECT 1 FROM ${replacing}) `;
  return [
    ...(uniques.length > 0 ? [trigger(table, "pushed_insert", "BEFORE INSERT", noted(uniques), when)] : []),
    ...(inUpdate.length > 0
      ? [trigger(table, "pushed_update", "BEFORE UPDATE", `${noted(inUpdate)} AND NOT (${before})`, when)]
      : []),
  ];
}

/** The tables, in lower case, that a foreign key refers to. The platform's own, such as the one that holds the alarm, must not be asked. */
function readParents(engine: SqlEngine): Set<string> {
  const { rows } = engine.run(
    `SELECT DISTINCT f."table" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f
     WHERE m.type = 'table' AND m.name NOT GLOB '_cf_*'`,
  );
  return new Set(rows.map(([parent]) => String(parent).toLowerCase()));
}

/** What each column will hold: `NOT NULL ON CONFLICT REPLACE` puts the default in place of a NULL after this trigger. */
function freshValues(engine: SqlEngine, { name }: Table): Map<string, string> {
  const { rows } = engine.run(
    `SELECT name, CASE WHEN "notnull" THEN dflt_value END FROM pragma_table_xinfo(${quoteText(name)})`,
  );
  return new Map(
    rows.map(([column, filler]) => {
      const quoted = quoteName(String(column));
      return [quoted, filler === null ? `NEW.${quoted}` : `coalesce(NEW.${quoted}, (${String(filler)}))`];
    }),
  );
}

function sharesKey({ parts, where }: UniqueKey, fresh: ReadonlyMap<string, string>): string {
  const row = [...fresh].map(([column, value]) => `${value} AS ${column}`).join(", ");
  const equals = ({ expression, collation }: KeyPart): string =>
    collation === null
      ? `${expression} = (SELECT ${expression} FROM (SELECT ${row}))`
      : `${expression} = ${fresh.get(expression)} COLLATE ${collation}`;
  return [...parts.map(equals), ...(where === null ? [] : [`(${where})`])].join(" AND ");
}

/**
 * An AUTOINCREMENT table whose counter has reached its end gives SQLITE_FULL, which rolls the whole transaction back under
 * the object's feet, so this comes first. The rowid of a row that has none yet reads -1 here.
 */
function counterTrigger(table: Table): NamedTrigger {
  const [rowid, name] = [`NEW.${quoteName(table.key[0] ?? "")}`, quoteText(table.name)];
  const last = "9223372036854775807";
  const ended = `EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ${name} AND seq = ${last}) OR EXISTS (SELECT 1 FROM ${quoteName(table.name)} WHERE ${quoteName(table.key[0] ?? "")} = ${last})`;
  return trigger(
    table,
    "counter",
    "BEFORE INSERT",
    `SELECT RAISE(ABORT, 'the AUTOINCREMENT counter of the table is used up')`,
    `WHEN ${rowid} = -1 AND (${ended}) `,
  );
}
