import { type Command, CommandError } from "./command.ts";

/** `runtime exec COMMAND`: HAProxy's Runtime API, as `echo COMMAND | socat - /run/haproxy.sock`. */
export const runtimeExec: Command = {
  noun: "runtime",
  verb: "exec",
  summary: "Run commands of HAProxy's Runtime API, such as 'show stat'; 'help' lists them.",
  words: ["COMMAND"],
  help: [],
  options: {},
  async run({ api, words, options, print }) {
    const [command = ""] = words;
    if (command.trim() === "") throw new CommandError("There is no command; 'help' lists them.", 1);
    const text = await api.postText("runtime", command);
    print(options["json"] ? JSON.stringify({ command, answer: text }) : text.trimEnd());
    return 0;
  },
};
