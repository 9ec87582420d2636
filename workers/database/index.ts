export { FaultPort } from "../common/fault-port.ts";
export { DatabaseNode } from "./node.ts";

/** The database has no pages: its nodes are reached by RPC, through the bindings of the other Workers. */
export default {
  fetch: () => new Response("Not found\n", { status: 404 }),
} satisfies ExportedHandler;
