import * as v from "valibot";
import { limits } from "../kernel/limits.ts";

const position = v.pipe(v.number(), v.integer(), v.minValue(0));

const whole = (least: number, most: number) => {
  const text = `a whole number from ${least} to ${most}`;
  return v.pipe(v.string(text), v.digits(text), v.transform(Number), v.minValue(least, text), v.maxValue(most, text));
};

/**
 * The parameters of `GET /_trefoil/api/database/binlog`. Without `from`: the newest records.
 *
 * @param nodes the names that `node` may have; the first is meant where it is absent.
 */
export const binlogQuery = (nodes: readonly [string, ...string[]]) =>
  v.strictObject({
    node: v.optional(v.picklist(nodes, nodes.join(", ")), nodes[0]),
    from: v.optional(whole(1, Number.MAX_SAFE_INTEGER)),
    limit: v.optional(whole(1, limits.shipRecords), String(limits.shownRecords)),
  });

/** Its answer: records in their binary form, base64; fewer than asked for where they are large. */
export const binlogPage = v.object({
  node: v.string(),
  /** The oldest record that the node keeps. */
  firstLsn: position,
  /** The newest; 0 in an empty log. */
  lastLsn: position,
  records: v.array(v.string()),
});
