const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });

/** A moment, for people and for machines. */
export function Time({ at }: { at: Date }) {
  return <time datetime={at.toISOString()}>{format.format(at)} UTC</time>;
}
