import { lsn } from "../../shared/kernel/brand.ts";
import { CheckRounds } from "../../shared/replication/check-round.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import type { SliceSize } from "../../shared/replication/slice.ts";
import { snapshotPage, type SnapshotReply, type SnapshotRequest } from "../../shared/replication/snapshot-source.ts";
import { firstEpoch, type Pair } from "./pair.ts";

/** Pages so small that there are several of each table. */
export const smallSlice: SliceSize = { rows: 3, bytes: 1_000 };

/** A pair whose replica is filled anew, with nothing but function calls between the nodes. */
export class Filling {
  readonly pair: Pair;
  readonly #size: SliceSize | undefined;
  rounds: CheckRounds;

  constructor(pair: Pair, size: SliceSize | undefined = smallSlice) {
    this.pair = pair;
    this.#size = size;
    this.rounds = new CheckRounds(pair.primaryEngine, pair.primary, size);
  }

  /** The nodes lose their memory. */
  restart(): void {
    this.pair.restart();
    this.rounds = new CheckRounds(this.pair.primaryEngine, this.pair.primary, this.#size);
  }

  answer(request: SnapshotRequest): SnapshotReply {
    const { primary, primaryEngine } = this.pair;
    return snapshotPage(primaryEngine, primary.log, primary.tables, request, this.#size);
  }

  /** One page, if one is wanted. @param onTheWay what becomes of the answer. */
  pull(onTheWay: (reply: SnapshotReply) => SnapshotReply = (reply) => reply): boolean {
    const { snapshot } = this.pair.replica;
    const request = snapshot.request();
    if (request) snapshot.take(onTheWay(this.answer(request)));
    return request !== undefined;
  }

  /** What comes after the last page: records again, and a round of checks. */
  announce(): void {
    this.rounds.ask(0);
    this.pair.replica.snapshot.announced();
  }

  check(): void {
    while (this.rounds.isAsked) this.rounds.next(0);
  }

  /** Sends up to `most` records that the replica lacks. */
  ship(most: number): AppendReply {
    const { primary, replica } = this.pair;
    const from = replica.log.position;
    const records = primary.log.read(lsn(from.lsn + 1), { bytes: Infinity, records: most });
    return replica.append({ epoch: firstEpoch, previous: from, records: records.map(({ bytes }) => bytes) });
  }

  /** Does all that is left, until the replica serves. @param onTurn looks at it between any two steps. */
  finish(onTurn: () => void = () => undefined): void {
    for (let turn = 0; this.pair.replica.standing.state !== "following"; turn += 1) {
      if (turn > 50_000) throw new Error(`the replica stays ${JSON.stringify(this.pair.replica.standing)}`);
      onTurn();
      if (this.pull()) continue;
      if (this.pair.replica.snapshot.isToAnnounce) this.announce();
      this.check();
      this.ship(1);
    }
  }
}
