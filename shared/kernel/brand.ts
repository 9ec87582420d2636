declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Log sequence number: 1 for the first transaction in the log, then without gaps. 0 is the empty log. */
export type Lsn = Brand<number, "Lsn">;

/** The term of one primary. It grows with every change of primary; a node refuses what comes from an older one. */
export type Epoch = Brand<number, "Epoch">;

/** The name of a database node, such as `db-1`. */
export type NodeId = Brand<string, "NodeId">;

/** A position in the log as text, ordered as text: see `shared/replication/bookmark.ts`. */
export type Bookmark = Brand<string, "Bookmark">;

export const lsn = (value: number): Lsn => value as Lsn;
export const epoch = (value: number): Epoch => value as Epoch;
export const nodeId = (value: string): NodeId => value as NodeId;
