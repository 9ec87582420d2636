import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";

/** 192 bits: nobody guesses it, and it fits on a line. */
const tokenBytes = 24;

/**
 * The admin token of the local site: the one in the file, else a random one that is put there. Other lines of the file
 * stay as they are, and only its owner may read it.
 *
 * @param file the front's `.dev.vars`, which wrangler reads.
 */
export function adminToken(file: string): string {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const kept = parseEnv(text)["ADMIN_TOKEN"];
  const token = kept || randomBytes(tokenBytes).toString("base64url");
  if (!kept) writeFileSync(file, withToken(text, token), { mode: 0o600 });
  chmodSync(file, 0o600);
  return token;
}

/** Puts the token after what the file says; a line that names it without a value goes. */
function withToken(text: string, token: string): string {
  const others = text.split("\n").filter((line) => !/^\s*(export\s+)?ADMIN_TOKEN\s*=/.test(line));
  const above = others.join("\n").trimEnd();
  return `${above}${above === "" ? "" : "\n"}ADMIN_TOKEN=${token}\n`;
}
