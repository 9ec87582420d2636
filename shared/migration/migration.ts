import type { Checksum } from "../binlog/checksum.ts";

/** One step of the application's schema: a file of SQL, applied as one transaction. */
export interface Migration {
  /** 1 for the first. */
  readonly number: number;
  /** The file's name without `.sql`, such as `0001_posts`. */
  readonly name: string;
  /** Of the file's text: what was applied is not to be changed. */
  readonly checksum: Checksum;
  readonly statements: readonly string[];
}

/** What the database notes of a migration that was applied. */
export type AppliedMigration = Pick<Migration, "number" | "name" | "checksum">;
