import type { History } from "./history.ts";

/**
 * Takes away what a failure does not need: first whole events, then single statements of batches (delta debugging,
 * Zeller 2002).
 *
 * @param fails whether a history still fails.
 * @param tries how many histories may be tried; what is found by then counts.
 */
export async function shrink(
  history: History,
  fails: (history: History) => Promise<boolean>,
  tries: number,
): Promise<History> {
  let left = tries;
  const stillFails = async (candidate: History) => (left -= 1) >= 0 && (await fails(candidate));
  let found = await minimize(history, stillFails);
  for (const [at, event] of found.entries()) {
    if (event.type !== "batch") continue;
    const around = (statements: typeof event.statements): History => found.with(at, { ...event, statements });
    found = around(await minimize(event.statements, (statements) => stillFails(around(statements))));
  }
  return found;
}

/** Leaves out parts, large ones first, as long as it fails without them. */
async function minimize<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let found = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < found.length;) {
      const candidate = [...found.slice(0, at), ...found.slice(at + size)];
      if (await fails(candidate)) found = candidate;
      else at += size;
    }
  }
  return found;
}
