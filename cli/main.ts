import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type AdminApi, openApi } from "./api.ts";
import { binlogShow } from "./binlog-show.ts";
import { originAdd, originRemove } from "./origin.ts";
import { runtimeExec } from "./runtime-exec.ts";
import { serverDrain, serverMaint, serverReady, serverWeight } from "./server-change.ts";
import { serverList } from "./server-list.ts";
import { type Command, CommandError, type ExitCode, type Options } from "./command.ts";

/**
 * The operator's command: `npm run ctl -- <noun> <verb>`. Of a running site it knows nothing but the admin API.
 */
const commands: readonly Command[] = [
  serverList,
  serverReady,
  serverDrain,
  serverMaint,
  serverWeight,
  originAdd,
  originRemove,
  runtimeExec,
  binlogShow,
];

const general = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

const nameOf = ({ noun, verb }: Command): string => `${noun} ${verb}`;

function overview(): string {
  const width = Math.max(...commands.map((command) => usageOf(command).length));
  return [
    "npm run ctl -- <noun> <verb> [options]",
    "",
    ...commands.map((command) => `  ${usageOf(command).padEnd(width)}  ${command.summary}`),
    "",
    "  --json   print JSON",
    "  --help   the options of a command",
    "",
    "TREFOIL_URL is the site (http://127.0.0.1:8787), TREFOIL_TOKEN its ADMIN_TOKEN (the one in .dev.vars).",
    "Exit code: 0 all is well, 1 something is not as it should be, 2 nothing answers.",
  ].join("\n");
}

/** As it is typed, without the options. */
const usageOf = (command: Command): string => [nameOf(command), ...(command.words ?? [])].join(" ");

const helpOf = (command: Command): string =>
  [
    `npm run ctl -- ${usageOf(command)} [options]`,
    "",
    command.summary,
    "",
    ...command.help.map((line) => `  ${line}`),
    "  --json   print JSON",
  ].join("\n");

function findCommand([noun, verb]: readonly string[]): Command {
  const ofNoun = commands.filter((command) => command.noun === noun);
  const found = ofNoun.find((command) => command.verb === verb);
  if (found) return found;
  if (ofNoun.length === 0) throw new CommandError(`There is no "${noun ?? ""}".\n\n${overview()}`, 1);
  throw new CommandError(`${noun} can do: ${ofNoun.map((command) => command.verb).join(", ")}.`, 1);
}

function readArguments(command: Command, args: string[]): { options: Options; words: readonly string[] } {
  const { words = [] } = command;
  try {
    const options = { ...general, ...command.options };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [extra] = positionals.slice(words.length);
    if (extra !== undefined) throw new Error(`"${extra}" is one word too many.`);
    const missing = words[positionals.length];
    if (missing !== undefined && !values["help"]) throw new Error(`${missing} is missing.`);
    return { options: values, words: positionals };
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : String(error)}\n\n${helpOf(command)}`, 1);
  }
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const print = (text: string): void => console.log(text);
  const name = args.slice(0, 2).filter((word) => !word.startsWith("-"));
  if (name.length === 0) {
    print(overview());
    return args.length === 0 ? 1 : 0;
  }
  const command = findCommand(name);
  const { options, words } = readArguments(command, args.slice(2));
  if (options["help"]) {
    print(helpOf(command));
    return 0;
  }
  const say = (text: string): void => void (options["json"] || console.error(text));
  let api: AdminApi | undefined;
  return command.run({
    get api() {
      return (api ??= openApi(process.env, fileURLToPath(new URL("../.dev.vars", import.meta.url))));
    },
    options,
    words,
    print,
    say,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
