/** Runs a statement that reads on the database to dump, and gives its rows. */
export type ReadRows = (sql: string) => unknown[][] | Promise<unknown[][]>;

/**
 * All that a user could see of a database, to the bit: the schema, every row with the storage class of every value, and
 * the AUTOINCREMENT counters. Triggers are left out: a replica keeps them parked. Written without the code under test.
 */
export async function dump(read: ReadRows): Promise<Record<string, unknown>> {
  const objects = await read("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'");
  const own = objects.filter(([, name]) => !/^(_trefoil_|_cf_|__miniflare_|sqlite_)/i.test(String(name)));
  const tables: Record<string, string[]> = {};
  for (const [type, name] of own) if (type === "table") tables[String(name)] = await dumpTable(read, String(name));
  const counters = await read("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'");
  const sequences =
    counters[0]?.[0] === 1 ? await read("SELECT name, CAST(seq AS TEXT) FROM sqlite_sequence ORDER BY name") : [];
  return { schema: own.map(([, , sql]) => String(sql)).sort(), tables, sequences };
}

async function dumpTable(read: ReadRows, table: string): Promise<string[]> {
  const columns = await read(`SELECT name, hidden FROM pragma_table_xinfo('${table.replaceAll("'", "''")}')`);
  const withoutRowid = await read(`SELECT wr FROM pragma_table_list WHERE name = '${table.replaceAll("'", "''")}'`);
  const names = columns.filter(([, hidden]) => hidden === 0).map(([name]) => `"${String(name).replaceAll('"', '""')}"`);
  const hidden = new Set(columns.map(([name]) => String(name).toLowerCase()));
  const rowid = ["rowid", "_rowid_", "oid"]
    .filter((name) => !hidden.has(name))
    .slice(0, withoutRowid[0]?.[0] === 1 ? 0 : 1);
  const exact = [...rowid, ...names].map(exactly);
  const rows: string[] = [];
  // A Durable Object gives 100 columns at most, and each value takes two.
  for (let at = 0; at < exact.length; at += 50) {
    const part = await read(
      `SELECT ${exact.slice(at, at + 50).join(", ")} FROM "${table.replaceAll('"', '""')}" NOT INDEXED`,
    );
    for (const [row, cells] of part.entries()) rows[row] = `${rows[row] ?? ""} ${cells.map(printable).join(" ")}`;
  }
  return rows.sort();
}

/** The storage class and the value in a form that loses nothing: only doubles come as they are. */
const exactly = (column: string): string =>
  `typeof(${column}) || ':' || CASE typeof(${column}) WHEN 'integer' THEN CAST(${column} AS TEXT) WHEN 'real' THEN '' WHEN 'null' THEN '' ELSE hex(CAST(${column} AS BLOB)) END,
   CASE typeof(${column}) WHEN 'real' THEN ${column} END`;

const printable = (cell: unknown): string => (Object.is(cell, -0) ? "-0" : cell === null ? "" : String(cell));
