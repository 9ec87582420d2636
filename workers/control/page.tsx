import type { Child } from "hono/jsx";
import type { Fault } from "../../shared/admin/fault.ts";
import {
  type CheckStatus,
  type NodeStatus,
  type ReachableNode,
  type ServerStatus,
  type Status,
  verdict,
} from "../../shared/admin/status.ts";
import { style } from "./style.ts";

/** What the status page shows. */
export interface StatusPageProps {
  readonly status: Status;
  readonly faults: readonly Fault[];
  /** When the status was gathered. */
  readonly at: Date;
}

/** The seed of the dashboard: the way of a request, with the state of each station. Works without scripts. */
export function StatusPage({ status, faults, at }: StatusPageProps) {
  const { ok, text } = verdict(status);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{ok ? "Trefoil" : "Trefoil: attention"}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <header>
          <h1>Trefoil</h1>
          <p class={`verdict ${ok ? "good" : "bad"}`}>{text}</p>
        </header>
        <main>
          <Faults faults={faults} />
          <Picture status={status} />
          <Replication nodes={status.nodes} />
        </main>
        <footer>
          As of <time datetime={at.toISOString()}>{at.toISOString().replace("T", " ").slice(0, 19)} UTC</time>.{" "}
          <a href="/_trefoil/">Look again</a> · <a href="/_trefoil/api/status">The same as JSON</a>
        </footer>
      </body>
    </html>
  );
}

function Faults({ faults }: { readonly faults: readonly Fault[] }) {
  if (faults.length === 0) return null;
  return (
    <section class="faults" aria-labelledby="faults">
      <h2 id="faults">Faults in force</h2>
      <ul>
        {faults.map(({ target, fault, ms, peers, direction }) => (
          <li>
            <strong>{target}</strong> {fault}
            {ms !== undefined && ` ${ms} ms`}
            {peers !== undefined && ` from ${peers.join(", ")}`}
            {direction !== undefined && ` (${direction})`}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Picture({ status: { servers, nodes } }: { readonly status: Status }) {
  return (
    <section aria-labelledby="picture">
      <h2 id="picture">The way of a request</h2>
      <ol class="picture">
        <Stage name="Load balancer">
          <Card name="front" good={true} state="running" />
        </Stage>
        <Stage name="Servers">
          {servers.map((server) => (
            <Card name={server.name} good={server.ok} state={serverState(server)} detail={server.error} />
          ))}
        </Stage>
        <Stage name="Database">
          {nodes.map((node) => (
            <Card
              name={node.node}
              good={node.reachable && serves(node)}
              state={nodeState(node)}
              detail={node.reachable ? null : node.error}
            />
          ))}
        </Stage>
      </ol>
    </section>
  );
}

function Stage({ name, children }: { readonly name: string; readonly children: Child }) {
  return (
    <li>
      <h3>{name}</h3>
      <ul>{children}</ul>
    </li>
  );
}

interface CardProps {
  readonly name: string;
  readonly good: boolean;
  readonly state: string;
  readonly detail?: string | null;
}

/** The state is said in words as well: colour alone tells nothing to those who do not see it. */
function Card({ name, good, state, detail = null }: CardProps) {
  return (
    <li class={`card ${good ? "good" : "bad"}`}>
      <strong>{name}</strong>
      <span>{state}</span>
      {detail !== null && <small>{detail}</small>}
    </li>
  );
}

function serverState({ state, status, durationMs }: ServerStatus): string {
  return status === null ? state : `${state}, ${status} in ${durationMs} ms`;
}

function nodeState(node: NodeStatus): string {
  if (!node.reachable) return `${node.role}, not reachable`;
  if (node.standing === "diverged") return "replica, differs from the primary";
  if (node.standing === "stuck") return "replica, cannot follow the primary";
  if (!serves(node)) return "replica, being filled anew";
  return node.lag ? `${node.role}, ${node.lag} behind` : node.role;
}

const serves = ({ standing = "following" }: ReachableNode) => standing === "following";

function Replication({ nodes }: { readonly nodes: readonly NodeStatus[] }) {
  return (
    <section aria-labelledby="replication">
      <h2 id="replication">Replication</h2>
      <div class="scroll" tabindex={0} role="region" aria-labelledby="replication">
        <table>
          <thead>
            <tr>
              {["Node", "Role", "Epoch", "LSN", "Behind", "Schema"].map((heading) => (
                <th scope="col">{heading}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <tr>
                <th scope="row">{node.node}</th>
                <td>{node.role}</td>
                {cells(node).map((value) => (
                  <td class="number">{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {nodes.map((node) => node.reachable && node.check && <p>{checkState(node.check)}</p>)}
    </section>
  );
}

function checkState({ rounds, round, done }: CheckStatus): string {
  const last = done ? `The last one, of ${done.rows} rows, ended at LSN ${done.lsn}.` : "";
  const now = round ? `One is under way: ${round.rows} rows so far.` : "";
  return [`The contents of the replicas were compared with the primary's ${rounds} times.`, last, now].join(" ").trim();
}

/** Epoch, LSN, lag, schema version; a dash for what is not known. */
function cells(node: NodeStatus): readonly (number | string)[] {
  if (!node.reachable) return ["–", "–", "–", "–"];
  return [node.epoch, node.lsn, node.lag ?? "–", node.schemaVersion];
}
