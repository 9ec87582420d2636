import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import * as v from "valibot";
import { limits } from "../shared/kernel/limits.ts";
import { CommandError } from "./command.ts";

/** The admin API of a running site. */
export class AdminApi {
  readonly #url: string;
  readonly #token: string;

  /** @param url where the site is, without a slash at its end. */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /**
   * Reads `path` below `/_trefoil/api/`.
   *
   * @throws {CommandError} with 2 where nothing answers, or a node does not; with 1 where the request is refused.
   */
  async get<Schema extends v.GenericSchema>(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
    const response = await this.#ask(`${path}?${parameters.toString()}`, {});
    return this.#read(path, await response.json().catch(() => undefined), schema);
  }

  /**
   * Sends `body` as JSON to `path` below `/_trefoil/api/`.
   *
   * @throws {CommandError} as `get`.
   */
  async post<Schema extends v.GenericSchema>(
    path: string,
    body: object,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const headers = { "Content-Type": "application/json" };
    const response = await this.#ask(path, { method: "POST", body: JSON.stringify(body), headers });
    return this.#read(path, await response.json().catch(() => undefined), schema);
  }

  /**
   * The same with text, both ways.
   *
   * @throws {CommandError} as `get`.
   */
  async postText(path: string, body: string): Promise<string> {
    const headers = { "Content-Type": "text/plain" };
    const response = await this.#ask(path, { method: "POST", body, headers });
    return response.text();
  }

  #read<Schema extends v.GenericSchema>(path: string, body: unknown, schema: Schema): v.InferOutput<Schema> {
    const parsed = v.safeParse(schema, body);
    if (parsed.success) return parsed.output;
    throw new CommandError(`${this.#url} is no Trefoil of this version: ${path} has another form.`, 2);
  }

  async #ask(path: string, init: Init): Promise<Response> {
    let response: Response;
    try {
      const headers = { ...init.headers, Authorization: `Bearer ${this.#token}` };
      const signal = AbortSignal.timeout(2 * limits.controlMs);
      response = await fetch(`${this.#url}/_trefoil/api/${path}`, { ...init, headers, signal });
    } catch (error) {
      throw new CommandError(
        `${this.#url} does not answer: ${reasonOf(error)}. Is it running? TREFOIL_URL names another site.`,
        2,
      );
    }
    if (response.ok) return response;
    if (response.status === 401) throw new CommandError(unauthorized, 1);
    const problem = v.safeParse(problemSchema, await response.json().catch(() => undefined));
    const message = problem.success ? problem.output.error.message : `The site answered ${response.status}.`;
    throw new CommandError(message, response.status >= 500 ? 2 : 1);
  }
}

/** What is sent, beside the token. */
interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const problemSchema = v.object({ error: v.object({ code: v.string(), message: v.string() }) });

const unauthorized =
  "The token is not the right one. TREFOIL_TOKEN is the site's ADMIN_TOKEN; without it the one in .dev.vars is taken.";

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};

/**
 * The site that the environment names: TREFOIL_URL and TREFOIL_TOKEN, or else what `npm start` runs.
 *
 * @param devVars the file with the token of the local site.
 */
export function openApi(environment: Readonly<Record<string, string | undefined>>, devVars: string): AdminApi {
  const url = environment["TREFOIL_URL"] || `http://127.0.0.1:${environment["PORT"] || "8787"}`;
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new CommandError(`TREFOIL_URL is "${url}"; an http URL is needed.`, 1);
  const local = existsSync(devVars) ? parseEnv(readFileSync(devVars, "utf8"))["ADMIN_TOKEN"] : undefined;
  const token = environment["TREFOIL_TOKEN"] || local;
  if (!token) throw new CommandError("There is no token: set TREFOIL_TOKEN to the site's ADMIN_TOKEN.", 1);
  return new AdminApi(url.replace(/\/+$/, ""), token);
}
