import type { ParseArgsOptionsConfig } from "node:util";
import type { AdminApi } from "./api.ts";

/** What the shell is told: all is well, something is not as it should be, nothing answers. */
export type ExitCode = 0 | 1 | 2;

/** Values of the options that were given, by name. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** What a command works with. */
export interface Context {
  /** Opened at its first use: a command that works on the files of the project needs no site and no token. */
  readonly api: AdminApi;
  readonly options: Options;
  /** What stands for the command's `words`, in their order. */
  readonly words: readonly string[];
  /** Prints one line, or several. */
  readonly print: (text: string) => void;
  /** Tells how far a long work is, where nobody reads the result with a program. */
  readonly say: (text: string) => void;
}

/** One thing that an operator can do: `npm run ctl -- noun verb`. */
export interface Command {
  readonly noun: string;
  readonly verb: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** What must stand after the verb, such as `NAME`; nothing if not said. */
  readonly words?: readonly string[];
  /** The options beside `--json` and `--help`, one line of help each. */
  readonly help: readonly string[];
  readonly options: ParseArgsOptionsConfig;
  run(context: Context): Promise<ExitCode>;
}

/** A reason to stop that the operator can do something about. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}
