import type { Change } from "../../shared/binlog/record.ts";
import type { Pair } from "./pair.ts";

/** The row changes of the primary's last record, by table. */
export const netChange = (pair: Pair): Record<string, { deleted: unknown[][]; images: unknown[][] }> =>
  Object.fromEntries(
    pair.lastChanges().flatMap((change: Change) =>
      change.type === "rows"
        ? [
            [
              change.table,
              {
                deleted: [...change.deleted].map((row) => [...row]),
                images: [...change.images].map((row) => [...row]),
              },
            ],
          ]
        : [],
    ),
  );
