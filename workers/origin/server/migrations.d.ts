import type { Migration } from "../../../shared/migration/migration.ts";

/** The module `#migrations`, which `scripts/migrations.ts` writes: the SQL files of the folder `app/migrations`. */
declare const migrations: readonly Migration[];
export default migrations;
