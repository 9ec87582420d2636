/** Runs a statement that reads on the database to dump, and gives its rows. */
export type ReadRows = (sql: string) => unknown[][] | Promise<unknown[][]>;

/** What a database holds, as text. */
export interface Dump {
  readonly schema: readonly string[];
  /** Rows by table. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly sequences: readonly (readonly unknown[])[];
}

/**
 * All that a user could see of a database, to the bit: the schema, every row with the storage class of every value, what
 * full-text tables answer, and the AUTOINCREMENT counters; of the inner tables of FTS5 the schema alone. Triggers are left
 * out: a replica keeps them parked. Written without the code under test.
 */
export async function dump(read: ReadRows): Promise<Dump> {
  const objects = await read("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'");
  const own = objects.filter(([, name]) => !/^(_trefoil_|_cf_|__miniflare_|sqlite_)/i.test(String(name)));
  const inner = (await read("SELECT name FROM pragma_table_list WHERE type = 'shadow'")).flat();
  const held = own.filter(([type, name, sql]) => type === "table" && !inner.includes(name) && !isDerived(String(sql)));
  const asked = own.filter(([, , sql]) => isFullText(String(sql)));
  // All at once: a node is asked over the network, and answers in turn.
  const tables = Object.fromEntries(
    await Promise.all([
      ...held.map(async ([, name]) => [String(name), await dumpTable(read, String(name))] as const),
      ...asked.map(async ([, name]) => [`matches in ${String(name)}`, await dumpMatches(read, String(name))] as const),
    ]),
  );
  const counters = await read("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'");
  const sequences =
    counters[0]?.[0] === 1 ? await read("SELECT name, CAST(seq AS TEXT) FROM sqlite_sequence ORDER BY name") : [];
  return { schema: own.map(([, , sql]) => String(sql)).sort(), tables, sequences };
}

/** A full-text table over the rows of another table, and the list of words of one, hold nothing of their own. */
const isDerived = (sql: string): boolean => /^CREATE VIRTUAL TABLE .*(content\s*=|fts5vocab)/is.test(sql);

const isFullText = (sql: string): boolean => /^CREATE VIRTUAL TABLE .*fts5\s*\(/is.test(sql);

async function dumpTable(read: ReadRows, table: string): Promise<string[]> {
  const columns = await read(`SELECT name, hidden, pk FROM pragma_table_xinfo('${table.replaceAll("'", "''")}')`);
  const withoutRowid = await read(`SELECT wr FROM pragma_table_list WHERE name = '${table.replaceAll("'", "''")}'`);
  const quoted = (name: unknown) => `"${String(name).replaceAll('"', '""')}"`;
  const names = columns.filter(([, hidden]) => hidden === 0).map(([name]) => quoted(name));
  const hidden = new Set(columns.map(([name]) => String(name).toLowerCase()));
  const rowid = ["rowid", "_rowid_", "oid"]
    .filter((name) => !hidden.has(name))
    .slice(0, withoutRowid[0]?.[0] === 1 ? 0 : 1);
  const key = rowid.length > 0 ? rowid : columns.filter(([, , part]) => Number(part) > 0).map(([name]) => quoted(name));
  const exact = [...rowid, ...names].map(exactly);
  const rows: string[] = [];
  // A Durable Object gives 100 columns at most, and each value takes two.
  for (let at = 0; at < exact.length; at += 50) {
    const part = await read(
      `SELECT ${exact.slice(at, at + 50).join(", ")} FROM ${quoted(table)} NOT INDEXED ORDER BY ${key.join(", ") || 1}`,
    );
    for (const [row, cells] of part.entries()) rows[row] = `${rows[row] ?? ""} ${cells.map(printable).join(" ")}`;
  }
  return rows.sort();
}

/** The lines of a dump that another one lacks, and the other way round: nothing where both are the same. */
export function difference(wanted: Dump, found: Dump): string {
  const [lacking, surplus] = [without(linesOf(wanted), linesOf(found)), without(linesOf(found), linesOf(wanted))];
  return [...lacking.map((line) => `- ${line}`), ...surplus.map((line) => `+ ${line}`)].slice(0, 20).join("\n");
}

const linesOf = ({ schema, tables, sequences }: Dump): string[] => [
  ...schema,
  ...Object.entries(tables).flatMap(([table, rows]) => rows.map((row) => `${table}:${row}`)),
  ...sequences.map((sequence) => `sequence ${sequence.join(" ")}`),
];

/** The lines of `some` that are not, or not as often, among `others`. */
function without(some: readonly string[], others: readonly string[]): string[] {
  const left = Map.groupBy(others, (line) => line);
  return some.filter((line) => left.get(line)?.pop() === undefined);
}

/** Questions about words that the tests put into full-text tables, among others. */
const questions = [
  "a", "b", "x", "row", "four", "5", "a OR leaves", "row NOT x", "ro*", '"row four"', "NEAR(a b, 2)", "^x",
]; // prettier-ignore

/**
 * What a full-text table answers: that has to be equal, while its inner tables may be packed in another way. An index that
 * statements of its own brought out of step with its content may have no answer but that it is malformed: then on every node.
 */
async function dumpMatches(read: ReadRows, table: string): Promise<string[]> {
  const name = `"${table.replaceAll('"', '""')}"`;
  const asked = JSON.stringify(questions).replaceAll("'", "''");
  try {
    const matches = await read(
      `SELECT q.value, CAST(f.rowid AS TEXT), f.rank FROM json_each('${asked}') AS q JOIN ${name} AS f ON f.${name} MATCH q.value ORDER BY q.key, f.rowid`,
    );
    return matches.map(([question, rowid, rank]) => `${String(question)} in ${String(rowid)}, ${String(rank)}`);
  } catch (error) {
    if (String(error).includes("database disk image is malformed")) return ["malformed"];
    throw error;
  }
}

/** The storage class and the value in a form that loses nothing: only doubles come as they are. */
const exactly = (column: string): string =>
  `typeof(${column}) || ':' || CASE typeof(${column}) WHEN 'integer' THEN CAST(${column} AS TEXT) WHEN 'real' THEN '' WHEN 'null' THEN '' ELSE hex(CAST(${column} AS BLOB)) END,
   CASE typeof(${column}) WHEN 'real' THEN ${column} END`;

const printable = (cell: unknown): string => (Object.is(cell, -0) ? "-0" : cell === null ? "" : String(cell));
