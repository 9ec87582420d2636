import { DatabaseNode as Node } from "../../../workers/database/node.ts";

export { default, FaultPort } from "../../../workers/database/index.ts";

/**
 * The node of the site, but that one replica reads in reverse wherever a statement leaves the order free: what comes out
 * the same all the same does not depend on it.
 */
export class DatabaseNode extends Node {
  constructor(...given: ConstructorParameters<typeof Node>) {
    super(...given);
    if (this.ctx.id.name === "db-2") this.ctx.storage.sql.exec("PRAGMA reverse_unordered_selects = ON");
  }
}
