/** A parameter as JSON: what JSON cannot hold has a form of its own. */
export type PlainArgument =
  | null
  | number
  | string
  | { readonly big: string }
  | { readonly real: string }
  | { readonly blob: readonly number[] };

/** A statement with its parameters. */
export interface FuzzStatement {
  readonly sql: string;
  readonly values: readonly PlainArgument[];
}

/** What happens to the cluster. Nodes are numbered: 0 is the primary. */
export type FuzzEvent =
  | { readonly type: "batch"; readonly statements: readonly FuzzStatement[] }
  | { readonly type: "restart"; readonly node: number }
  /** A replica is to be filled anew from a snapshot. What follows does not wait for that; the next check does. */
  | { readonly type: "rebuild"; readonly node: 1 | 2 }
  | { readonly type: "check" };

/** All that happens to one schema, from an empty database on. It is JSON, so that it can be kept as a file. */
export type History = readonly FuzzEvent[];

/** The parameter that `value` stands for. */
export function argumentOf(value: PlainArgument): null | number | string | bigint | Uint8Array {
  if (value === null || typeof value !== "object") return value;
  if ("big" in value) return BigInt(value.big);
  return "real" in value ? Number(value.real) : new Uint8Array(value.blob);
}

/** How many statements there are in a history. */
export const statementsIn = (history: History): number =>
  history.reduce((sum, event) => sum + (event.type === "batch" ? event.statements.length : 0), 0);

/** How many snapshots are begun in a history. */
export const snapshotsIn = (history: History): number => history.filter(({ type }) => type === "rebuild").length;

/** What came of a history. */
export interface Run {
  /** What went wrong; `null` if nothing did. */
  readonly problem: string | null;
  /** Batches that were committed, of all that were tried. */
  readonly committed: number;
  readonly batches: number;
}
