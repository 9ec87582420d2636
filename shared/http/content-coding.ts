import { parseAccept } from "hono/utils/accept";
import { codings, type Coding } from "./static-file.ts";

/**
 * Chooses the content coding that a client likes best, RFC 9110 12.5.3; of those that it likes equally, the smaller one.
 *
 * @param field `Accept-Encoding` as the client sent it, `null` when absent: then any coding may be sent, and a client
 *   that knows none is the more likely one, so it gets the bytes as they are.
 * @param available the codings that the file is kept in.
 * @returns `null` for the bytes as they are. They are also sent to a client that accepts nothing of all this: the RFC
 *   allows for an error then, but bytes may be of use, and nginx sends them as well.
 */
export function chooseCoding(field: string | null, available: readonly Coding[]): Coding | null {
  const weights = weightsOf(field);
  const identity = weightOf("identity", weights);
  const best = Math.max(0, ...available.map((coding) => weightOf(coding, weights)));
  if (best === 0 || best < identity) return null;
  return codings.find((coding) => available.includes(coding) && weightOf(coding, weights) === best) ?? null;
}

/** Whether a client takes any of the codings in which something on the way could compress an answer. */
export const acceptsCoding = (field: string | null): boolean => chooseCoding(field, codings) !== null;

/** The weights by coding. `x-gzip` is `gzip`, RFC 9110 8.4.1.3. */
function weightsOf(field: string | null): ReadonlyMap<string, number> {
  const named = parseAccept(field ?? "").map(({ type, q }) => [type.toLowerCase(), q] as const);
  return new Map(named.map(([coding, q]) => [coding === "x-gzip" ? "gzip" : coding, q]));
}

/** `*` stands for every coding that is not named. */
const weightOf = (coding: Coding | "identity", weights: ReadonlyMap<string, number>): number =>
  weights.get(coding) ?? weights.get("*") ?? 0;
