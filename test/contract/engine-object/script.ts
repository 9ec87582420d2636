/** Statements that run one by one on a plain database, on a primary and, as records, on a replica. */
export interface CostScript {
  readonly schema: readonly string[];
  readonly statements: readonly string[];
}

/** Rows that each statement of a script wrote, as the engine counts them. */
export type Written = readonly number[];

/** What a script wrote, statement by statement, in a plain database, on a primary and on a replica. */
export interface Costs {
  readonly plain: Written;
  readonly primary: Written;
  readonly replica: Written;
}
