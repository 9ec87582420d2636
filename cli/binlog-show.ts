import type * as v from "valibot";
import { binlogPage } from "../shared/admin/binlog.ts";
import { describeRecord } from "../shared/binlog/describe.ts";
import { openRecord, type SealedRecord } from "../shared/binlog/record.ts";
import { limits } from "../shared/kernel/limits.ts";
import { type Command, CommandError, type Context, type ExitCode } from "./command.ts";
import { printRecord } from "./print-record.ts";

type Page = v.InferOutput<typeof binlogPage>;

/** `binlog show`: records of a node's log, as `mysqlbinlog --verbose` prints them. */
export const binlogShow: Command = {
  noun: "binlog",
  verb: "show",
  summary: "Print records of a node's log: the newest ones, or those from an LSN on.",
  help: [
    "--node db-1   whose log; the primary's if not said",
    "--from LSN    the first record",
    `--limit N     how many records at most (${limits.shownRecords})`,
  ],
  options: { node: { type: "string" }, from: { type: "string" }, limit: { type: "string" } },
  run: show,
};

/** Pages are as large as the node makes them: as many as are needed are asked for, each after the one before is printed. */
async function show(context: Context): Promise<ExitCode> {
  let left = readLimit(context.options["limit"]);
  const from = textOf(context.options["from"]) ?? (await newest(context, left));
  let page = await ask(context, from, left);
  if (!context.options["json"]) context.print(summaryOf(page));
  for (;;) {
    const records = page.records.map((text) => open(text, page.node));
    for (const record of records)
      context.print(
        context.options["json"] ? JSON.stringify({ node: page.node, ...describeRecord(record) }) : printRecord(record),
      );
    left -= records.length;
    const last = records.at(-1)?.header.lsn;
    if (left <= 0 || last === undefined || last >= page.lastLsn) return 0;
    page = await ask(context, String(last + 1), left);
  }
}

/** Where the `count` newest records begin. */
async function newest(context: Context, count: number): Promise<string> {
  const { firstLsn, lastLsn } = await ask(context, undefined, 1);
  return String(Math.max(firstLsn, lastLsn + 1 - count));
}

const textOf = (option: string | boolean | undefined): string | undefined =>
  typeof option === "string" ? option : undefined;

function readLimit(option: string | boolean | undefined): number {
  const limit = Number(option ?? limits.shownRecords);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new CommandError(`--limit is "${String(option)}"; a whole number from 1 is needed.`, 1);
}

const ask = ({ api, options }: Context, from: string | undefined, limit: number): Promise<Page> =>
  api.get(
    "database/binlog",
    { node: textOf(options["node"]), from, limit: String(Math.min(limit, limits.shipRecords)) },
    binlogPage,
  );

const summaryOf = ({ node, firstLsn, lastLsn }: Page): string =>
  lastLsn === 0 ? `# ${node}: the log is empty` : `# ${node}: the log holds records ${firstLsn} to ${lastLsn}`;

function open(base64: string, node: string): SealedRecord {
  const record = openRecord(new Uint8Array(Buffer.from(base64, "base64")));
  if (record) return record;
  throw new CommandError(`A record of ${node} is damaged, or of a newer format than this command knows.`, 1);
}
