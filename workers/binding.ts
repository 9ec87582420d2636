/**
 * The service binding of a name that only the site configuration knows.
 *
 * @returns `null` when the Worker has no such binding.
 */
export function serviceBinding(env: object, name: string): Fetcher | null {
  const binding: unknown = Object.getOwnPropertyDescriptor(env, name)?.value;
  return isFetcher(binding) ? binding : null;
}

const isFetcher = (value: unknown): value is Fetcher => typeof value === "object" && value !== null && "fetch" in value;

/**
 * Whether a response is what `wrangler dev` says in place of a Worker that it does not run: a 503 with one line of text.
 * Reads no more than the first chunk, and leaves the response as it was.
 *
 * @param signal ends the wait for that chunk.
 */
export async function isNotRunning(response: Response, signal: AbortSignal): Promise<boolean> {
  if (response.status !== 503 || !response.headers.get("Content-Type")?.startsWith("text/plain")) return false;
  const reader = response.clone().body?.pipeThrough(new TextDecoderStream()).getReader();
  signal.addEventListener("abort", () => void reader?.cancel());
  const { value } = (await reader?.read()) ?? {};
  void reader?.cancel();
  return value !== undefined && /^Worker "[^"]+" not found\./.test(value);
}
