import type { Lsn } from "../kernel/brand.ts";
import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import type { SqlEngine } from "../sql/engine.ts";
import type { StoredCursor } from "./slice.ts";
import { StoredState } from "./stored-state.ts";

/**
 * What a replica may do:
 * - `following`: it takes records and answers reads;
 * - `stuck`: it could not take what follows on its log. From the try number `limits.replayTries` on it answers no reads. It
 *   follows again as soon as a try succeeds, since its log then continues the primary's;
 * - `diverged`: it differs from the primary, so it does neither until an operator has it rebuilt;
 * - `wanted`: it is to be filled anew, and nothing has come yet;
 * - `filling`: pages of a snapshot come; what it holds is no state that the primary ever had;
 * - `verifying`: it takes records, and answers reads once it has passed `target` and then a whole round of checks.
 *
 * While it is filled, `tries` counts how often that has begun anew.
 */
export type Standing =
  | { readonly state: "following" }
  | { readonly state: "stuck"; readonly tries: number; readonly reason: string }
  | {
      readonly state: "diverged";
      /** The record at which it was found: a difference is no older than the check of the same slice before. */
      readonly lsn: Lsn;
      readonly reason: string;
    }
  | { readonly state: "wanted"; readonly tries: number }
  | {
      readonly state: "filling";
      readonly tries: number;
      /** Where the log goes on once the pages are here: the position of the first page. */
      readonly base: Lsn;
      readonly schemaVersion: number;
      readonly cursor: StoredCursor;
    }
  | { readonly state: "verifying"; readonly tries: number; readonly target: Lsn; readonly announced: boolean };

const stateName = "standing";
const following: Standing = { state: "following" };

/** The standing of a replica, which outlives a reset. */
export class StoredStanding {
  readonly #stored: StoredState;
  #current: Standing;

  constructor(engine: SqlEngine) {
    this.#stored = new StoredState(engine);
    this.#current = this.#read();
  }

  get current(): Standing {
    return this.#current;
  }

  /** Stores `next`. Undone with the transaction around it: then call `reload`. */
  become(next: Standing): void {
    this.#stored.write(stateName, next);
    this.#current = next;
  }

  /** Reads again what is stored. */
  reload(): void {
    this.#current = this.#read();
  }

  #read(): Standing {
    return this.#stored.read<Standing>(stateName) ?? following;
  }
}

/** The standing of a replica after one more try to take records that failed; one that is being filled stays what it is. */
export function setBack(standing: Standing, reason: string): Standing {
  if (standing.state === "following") return { state: "stuck", tries: 1, reason };
  if (standing.state !== "stuck" || standing.tries >= limits.replayTries) return standing;
  return { state: "stuck", tries: standing.tries + 1, reason };
}

/** Why a replica of this standing takes no records; `undefined` if it does. */
export function refusesRecords(standing: Standing): Failure | undefined {
  if (standing.state === "diverged") return failure("diverged", standing.reason);
  if (standing.state === "wanted" || standing.state === "filling")
    return failure("rebuilding", "The replica is being filled anew.");
  return undefined;
}

/** Why a replica of this standing answers no reads; `undefined` if it does. */
export function refusesReads(standing: Standing): Failure | undefined {
  switch (standing.state) {
    case "following":
      return undefined;
    case "stuck":
      return standing.tries < limits.replayTries ? undefined : failure("stuck", standing.reason);
    case "diverged":
      return failure("diverged", standing.reason);
    case "wanted":
    case "filling":
    case "verifying":
      return failure("behind", "The replica is being filled anew.");
  }
}
