import { parseAccept } from "hono/utils/accept";

/**
 * Chooses the form of an answer by `Accept`, RFC 9110 12.5.1: the media type with the highest weight, where the most
 * specific range that matches gives the weight. Of equals one that the field names goes before one that a `*` allows:
 * programs send `application/json, *\/*` and mean it.
 *
 * @param field `Accept` as it came, `null` when absent: then any type will do.
 * @param available the types that there are, the preferred one first. Parameters are not compared.
 * @returns `null` when none of them is acceptable.
 */
export function chooseMediaType<Type extends string>(field: string | null, available: readonly Type[]): Type | null {
  const ranges = parseAccept(field ?? "");
  if (ranges.length === 0) return available[0] ?? null;
  const weights = new Map(ranges.map(({ type, q }) => [type.toLowerCase(), q]));
  const weightOf = (type: string) =>
    weights.get(type) ?? weights.get(`${type.slice(0, type.indexOf("/"))}/*`) ?? weights.get("*/*") ?? 0;
  const best = Math.max(...available.map(weightOf));
  const liked = best === 0 ? [] : available.filter((type) => weightOf(type) === best);
  return liked.find((type) => weights.has(type)) ?? liked[0] ?? null;
}
