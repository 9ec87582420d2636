/**
 * The service binding of a name that only the site configuration knows.
 *
 * @returns `null` when the Worker has no such binding.
 */
export function serviceBinding(env: object, name: string): Fetcher | null {
  const binding: unknown = Object.hasOwn(env, name) ? Reflect.get(env, name) : null;
  return isFetcher(binding) ? binding : null;
}

const isFetcher = (value: unknown): value is Fetcher => typeof value === "object" && value !== null && "fetch" in value;

/**
 * Whether a response is what `wrangler dev` says in place of a Worker that it does not run: a 503 with one line of text.
 *
 * @param start the first bytes of the body, if they are here.
 */
export function isNotRunning({ status, headers }: Response, start: Uint8Array | undefined): boolean {
  if (status !== 503 || start === undefined || !headers.get("Content-Type")?.startsWith("text/plain")) return false;
  return /^Worker "[^"]+" not found\./.test(new TextDecoder().decode(start.subarray(0, 256)));
}
