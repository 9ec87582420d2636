import type { Checksum } from "../binlog/checksum.ts";
import type { LogPosition } from "../binlog/log.ts";
import { openRecord, type SealedRecord } from "../binlog/record.ts";
import type { Epoch, Lsn } from "../kernel/brand.ts";
import { failure, type Failure } from "../kernel/error.ts";

/** What a primary sends to a replica. Without records it only asks where the replica stands. */
export interface Append {
  readonly epoch: Epoch;
  /** The record that `records` follow on, as in Raft's AppendEntries (Ongaro 2014, 3.5). */
  readonly previous: { readonly lsn: Lsn; readonly checksum: Checksum };
  readonly records: readonly Uint8Array[];
}

/**
 * Decides what a replica at `position` takes of `append`: all records that it does not have yet, provided that they
 * follow on its log without a gap and continue its checksum chain. Records that it has are passed over, so an append may
 * come twice.
 */
export function admit(
  position: LogPosition,
  append: Append,
): { readonly ok: true; readonly records: SealedRecord[] } | Failure {
  const { epoch, previous } = append;
  if (epoch < position.epoch) return failure("stale-epoch", `Epoch ${epoch} is older than ${position.epoch}.`);
  if (previous.lsn > position.lsn) return failure("gap", `The log ends at ${position.lsn}, before ${previous.lsn}.`);
  if (previous.lsn === position.lsn && previous.checksum !== position.checksum)
    return failure("diverged", `Record ${position.lsn} is another one than the primary's.`);
  return follow(position, append.records);
}

function follow(
  position: LogPosition,
  records: readonly Uint8Array[],
): { readonly ok: true; readonly records: SealedRecord[] } | Failure {
  const fresh: SealedRecord[] = [];
  let { lsn: last, checksum } = position;
  for (const bytes of records) {
    const record = openRecord(bytes);
    if (!record) return failure("damaged", `A record after ${last} was damaged on its way.`);
    const { lsn, previous } = record.header;
    if (lsn === position.lsn && record.checksum !== checksum)
      return failure("diverged", `Record ${lsn} is another one than the primary's.`);
    if (lsn <= position.lsn) continue;
    if (lsn !== last + 1) return failure("gap", `Record ${lsn} came where ${last + 1} should follow.`);
    if (previous !== checksum) return failure("diverged", `Record ${lsn} continues another log than this one.`);
    fresh.push(record);
    [last, checksum] = [lsn, record.checksum];
  }
  return { ok: true, records: fresh };
}
