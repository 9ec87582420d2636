import type { Lsn } from "../kernel/brand.ts";
import { failure, type Failure } from "../kernel/error.ts";
import type { SqlEngine } from "../sql/engine.ts";
import type { StoredCursor } from "./slice.ts";
import { StoredState } from "./stored-state.ts";

/** What stands in a check and what was found in its place, as plain data. */
export interface Difference {
  /** The record with the check: the difference is older, but no older than the check of the same slice before. */
  readonly lsn: Lsn;
  readonly table: string;
  readonly expected: { readonly rows: number; readonly hash: string };
  readonly found: { readonly rows: number; readonly hash: string };
}

/**
 * What a replica may do:
 * - `following`: it takes records and answers reads;
 * - `diverged`: it differs from the primary, so it does neither until an operator has it rebuilt;
 * - `wanted`: it is to be filled anew, and nothing has come yet;
 * - `filling`: pages of a snapshot come; what it holds is no state that the primary ever had;
 * - `verifying`: it takes records, and answers reads once it has passed `target` and then a whole round of checks.
 *
 * `tries` counts how often the filling has begun anew.
 */
export type Standing =
  | { readonly state: "following" }
  | ({ readonly state: "diverged" } & Difference)
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

/** Why a replica of this standing takes no records; `undefined` if it does. */
export function refusesRecords(standing: Standing): Failure | undefined {
  if (standing.state === "diverged") return failure("diverged", describeDifference(standing));
  if (standing.state === "wanted" || standing.state === "filling")
    return failure("rebuilding", "The replica is being filled anew.");
  return undefined;
}

/** Why a replica of this standing answers no reads; `undefined` if it does. */
export function refusesReads(standing: Standing): Failure | undefined {
  if (standing.state === "diverged") return failure("diverged", describeDifference(standing));
  return standing.state === "following" ? undefined : failure("behind", "The replica is being filled anew.");
}

/** The difference in a sentence for the operator. */
export const describeDifference = ({ lsn, table, expected, found }: Difference): string =>
  `At record ${lsn}, a slice of ${table} holds ${found.rows} rows (${found.hash}) where the primary held ${expected.rows} (${expected.hash}).`;
