import { undo } from "../kernel/error.ts";
import { nameOf } from "./names.ts";
import { readSearchWrite, isCommand, isRowid, type SearchWrite } from "./search-write.ts";
import type { SearchTable } from "./search-table.ts";
import { splitAt, textOf } from "./token-list.ts";
import { isPunctuation, isWord, tokenize, type Token } from "./tokenize.ts";

/** A trigger of the user that keeps full-text tables up. */
export interface SearchTrigger {
  /** From the time and the event to the condition: all between the trigger's name and BEGIN. */
  readonly head: string;
  readonly writes: readonly SearchWrite[];
}

/** What would not give the same a second time, or reads what other triggers may have changed in between. */
const unsteady = new Set([
  "SELECT", "FROM", "EXISTS", "WITH", "RANDOM", "RANDOMBLOB", "CHANGES", "TOTAL_CHANGES", "LAST_INSERT_ROWID", "RAISE",
]); // prettier-ignore

/**
 * Reads a trigger that writes to any of `tables`, which are the full-text tables.
 *
 * @returns `undefined` for a trigger that does not.
 * @throws {Undo} where its writes cannot be followed: what it does must depend on the row that fired it alone.
 */
export function readSearchTrigger(sql: string, tables: readonly SearchTable[]): SearchTrigger | undefined {
  const tokens = tokenize(sql);
  const begin = tokens.findIndex((token) => isWord(token, "BEGIN"));
  const end = tokens.findLastIndex((token) => isWord(token, "END"));
  const steps = splitAt(tokens.slice(begin + 1, end), ";").filter((step) => step.length > 0);
  const writes = steps.map((step) => readSearchWrite(sql, step, tables));
  if (!writes.some((write) => write !== undefined)) return undefined;
  const name = nameOf(tokens[2] as Token);
  const head = tokens.slice(3, begin);
  if (head.some(isUnsteady)) unfit(name, "its condition reads other rows or is not the same each time");
  return { head: textOf(sql, head), writes: writes.map((write, at) => checked(name, write, steps[at] ?? [])) };
}

function checked(name: string, write: ReturnType<typeof readSearchWrite>, step: readonly Token[]): SearchWrite {
  if (!write) unfit(name, "it also does other things. Make them a trigger of their own");
  if ("refused" in write) unfit(name, write.refused);
  const query = isWord(step[0], "DELETE") ? step.slice(2) : step;
  const selects = query.findIndex((token) => isWord(token, "SELECT"));
  if (query.some((token, at) => at !== selects && isUnsteady(token)) || (write.type !== "insert" && selects >= 0))
    unfit(name, "it reads other rows, or what it writes is not the same each time");
  if (write.type === "insert") checkInsert(name, write);
  else checkTarget(name, write, step);
  return write;
}

function checkInsert(name: string, { table, columns, or, query }: Extract<SearchWrite, { type: "insert" }>): void {
  const command = isCommand(table, columns);
  if (command && !/^(?:VALUES\s*\(|SELECT)\s*'delete'\s*,/i.test(query))
    unfit(name, `the only command that it may give ${table.name} is 'delete', as the first of the values`);
  if (!command && !columns.some(isRowid)) unfit(name, `its INSERT INTO ${table.name} does not give the rowid`);
  if (or !== "" && !table.ownsContent)
    unfit(name, `it resolves conflicts in ${table.name}, which an external content table has none of`);
}

/** DELETE and UPDATE reach one row, by a rowid that the trigger's own row gives. */
function checkTarget(
  name: string,
  { table, ...write }: Exclude<SearchWrite, { type: "insert" }>,
  step: readonly Token[],
): void {
  if (!table.ownsContent)
    unfit(name, `the words of a row leave the external content table ${table.name} by the 'delete' command only`);
  const [where, rowid, equals, row, dot, , more] = step.slice(step.findIndex((token) => isWord(token, "WHERE")));
  const fits =
    isWord(where, "WHERE") &&
    rowid &&
    isRowid(nameOf(rowid)) &&
    isPunctuation(equals, "=") &&
    isPunctuation(dot, ".") &&
    !more;
  if (!fits || !(isWord(row, "OLD") || isWord(row, "NEW")))
    unfit(name, `its ${step[0]?.text} of ${table.name} must end in WHERE rowid = OLD.column or NEW.column`);
  if (write.type === "update" && write.columns.some(isRowid)) unfit(name, "it changes a rowid");
}

const isUnsteady = ({ kind, text }: Token): boolean => kind === "word" && unsteady.has(text.toUpperCase());

function unfit(trigger: string, reason: string): never {
  undo("statement-refused", `Trigger ${trigger} writes to an FTS5 table and cannot be followed: ${reason}.`);
}
