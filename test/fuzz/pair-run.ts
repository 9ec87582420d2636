import type { Argument } from "../../shared/sql/parameters.ts";
import { difference } from "../support/dump.ts";
import { Filling } from "../support/filling.ts";
import { Pair } from "../support/pair.ts";
import { argumentOf, type FuzzEvent, type FuzzStatement, type History, type Run } from "./history.ts";

/** Lets a history happen to a primary and a replica over `node:sqlite`; the replica reads in reverse where the order is free. */
export async function runOnPair(history: History): Promise<Run> {
  const run = new PairRun();
  for (const [at, event] of history.entries()) {
    const problem = await run.happen(event);
    if (problem !== null) return { ...run.counts, problem: `event ${at}: ${problem}` };
  }
  return { ...run.counts, problem: null };
}

/** Rows and bytes of a page of a snapshot: so few that it takes as long as several batches. */
const page = { rows: 7, bytes: 1000 };

class PairRun {
  readonly counts = { committed: 0, batches: 0 };
  readonly #pair = new Pair();
  readonly #filling = new Filling(this.#pair, page);
  /** The version of the schema when the last snapshot was begun. */
  #schemaVersion = 0;

  constructor() {
    this.#pair.replicaEngine.run("PRAGMA reverse_unordered_selects = ON");
  }

  /** @returns what went wrong; `null` if nothing did. */
  async happen(event: FuzzEvent): Promise<string | null> {
    try {
      switch (event.type) {
        case "batch":
          return this.#batch(event.statements);
        case "restart":
          this.#filling.restart();
          return null;
        case "rebuild":
          this.#schemaVersion = this.#pair.primary.log.position.schemaVersion;
          this.#pair.replica.snapshot.rebuild();
          return null;
        case "check":
          return await this.#compare();
      }
    } catch (error) {
      return String(error);
    }
  }

  #batch(statements: readonly FuzzStatement[]): string | null {
    const { primary } = this.#pair;
    this.counts.batches += 1;
    const before = primary.log.position.lsn;
    const { ok } = this.#pair.batch(...statements.map(asCall));
    this.counts.committed += ok ? 1 : 0;
    if (!ok && primary.log.position.lsn !== before) return "a batch that failed left a record";
    if (this.#pair.replica.standing.state !== "following") this.#fill();
    return null;
  }

  /** The next step of a snapshot, while writes go on. */
  #fill(): void {
    if (this.#filling.pull()) return this.#look();
    if (this.#pair.replica.snapshot.isToAnnounce) this.#filling.announce();
    if (this.#filling.rounds.isAsked) this.#filling.rounds.next(0);
    this.#filling.ship(2);
    this.#look();
  }

  /** Only a change of schema has it begin anew: a difference would be a fault of the snapshot. */
  #look(): void {
    const { standing } = this.#pair.replica;
    if (!("tries" in standing) || standing.tries === 0) return;
    if (this.#pair.primary.log.position.schemaVersion === this.#schemaVersion)
      throw new Error("the snapshot did not hold what the primary held, and begins anew");
  }

  /** The replica compares by itself, in a round of checks, and is compared. */
  async #compare(): Promise<string | null> {
    this.#filling.finish(() => this.#look());
    this.#filling.rounds.ask(0);
    this.#filling.check();
    const reply = this.#pair.ship();
    if (!reply.ok) return `${reply.code}: ${reply.message}`;
    const { primary, replica } = await this.#pair.dumps();
    return difference(primary, replica) || null;
  }
}

const asCall = ({ sql, values }: FuzzStatement): [string, ...Argument[]] => [sql, ...values.map(argumentOf)];
