import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readSiteFile } from "../scripts/site-file.ts";
import { originFolder, workersIn } from "../scripts/workers.ts";
import { readSite, type Site, SiteConfigError } from "../shared/config/site.ts";
import { CommandError } from "./command.ts";
import {
  addServer,
  addService,
  bindingOf,
  originToml,
  removeServer,
  removeService,
  serverEntry,
  serviceSection,
  workerOf,
} from "./origin-text.ts";
import { type Splice, spliced, type TreeChange } from "./tree-change.ts";

/** The files of a site. */
export interface Tree {
  /** The root of the project, with a slash. */
  readonly root: string;
  /** The site configuration, absolute. */
  readonly siteFile: string;
}

/** What has to be done for an origin to come or go. */
export interface OriginPlan {
  readonly origin: string;
  /** The pools that it comes into, or leaves, and its name there. */
  readonly places: readonly { readonly pool: string; readonly server: string }[];
  /** The site as it will be. */
  readonly site: Site;
  readonly changes: readonly TreeChange[];
}

const control = "workers/control/wrangler.toml";
const front = "wrangler.toml";

/** The origins of a project, in the order of their names. */
const originsIn = (tree: string): string[] =>
  workersIn(tree).flatMap(({ name, config }) => (config.startsWith(`${originFolder}/`) ? [name.slice(7)] : []));

/**
 * What makes a new origin a server of a pool. Changes nothing.
 *
 * @param pool the pool; if `undefined`, the one that the other origins serve.
 * @throws {CommandError} when it cannot be done, or not without a human.
 */
export async function planAdd(
  tree: Tree,
  origin: string,
  pool: string | undefined,
  weight: number,
): Promise<OriginPlan> {
  const origins = originsIn(tree.root);
  const from = origins.at(-1) ?? "";
  const site = await load(tree);
  const name = placeFor(origin, pool, origins, site);
  const servers = site.pools[name]?.servers ?? [];
  const entry = serverEntry(origin, weight);
  const ways = addServer(readFileSync(tree.siteFile, "utf8"), servers.at(-1)?.name ?? "", entry);
  const wanted = withServers(site, (of, all) =>
    of === name ? [...all, { name: origin, binding: bindingOf(origin), weight }] : all,
  );
  const attempts = [
    created(tomlOf(origin), originToml(read(tree, tomlOf(from)), from, origin)),
    edited(tree, front, (toml) => [addService(toml, origin, false)]),
    edited(tree, control, (toml) => [addService(toml, origin, false), addService(toml, origin, true)]),
    await siteChange(
      tree,
      wanted,
      ways.map((splice) => [splice]),
    ),
  ];
  const changes = whole(attempts, byHandToAdd(tree, origin, from, name, entry));
  return { origin, places: [{ pool: name, server: origin }], site: wanted, changes };
}

/** The pool for a new origin, if it may come. */
function placeFor(origin: string, pool: string | undefined, origins: readonly string[], site: Site): string {
  refuseName(origin);
  if (origins.includes(origin)) throw new CommandError(`There is an origin ${origin} already.`, 1);
  const name = pool ?? poolOfOrigins(site, origins);
  if (poolOf(site, name).servers.some((server) => server.name === origin))
    throw new CommandError(`The pool ${name} has a server ${origin} already.`, 1);
  return name;
}

/**
 * What takes an origin out of the project: the opposite of `planAdd`. Changes nothing.
 *
 * @throws {CommandError} when it cannot be done, or not without a human.
 */
export async function planRemove(tree: Tree, origin: string): Promise<OriginPlan> {
  const site = await load(tree);
  const binding = bindingOf(origin);
  const isOwn = (server: { readonly binding?: string | undefined }) => server.binding === binding;
  refuseLast(origin, originsIn(tree.root), site, isOwn);
  const places = Object.entries(site.pools).flatMap(([pool, { servers }]) =>
    servers.filter(isOwn).map(({ name }) => ({ pool, server: name })),
  );
  const wanted = withServers(site, (_, all) => all.filter((server) => !isOwn(server)));
  const splices = removeServer(readFileSync(tree.siteFile, "utf8"), binding);
  const attempts = [
    { type: "remove", path: tomlOf(origin), text: read(tree, tomlOf(origin)) } as const,
    edited(tree, front, (toml) => [removeService(toml, origin, false)]),
    edited(tree, control, (toml) => [removeService(toml, origin, false), removeService(toml, origin, true)]),
    ...(places.length === 0 ? [] : [await siteChange(tree, wanted, [splices])]),
  ];
  return { origin, places, site: wanted, changes: whole(attempts, byHandToRemove(tree, origin)) };
}

function refuseLast(
  origin: string,
  origins: readonly string[],
  { pools }: Site,
  isOwn: (server: NewServer) => boolean,
): void {
  if (!origins.includes(origin))
    throw new CommandError(`There is no origin "${origin}". There are: ${origins.join(", ")}.`, 1);
  const emptied = Object.keys(pools).find((name) => pools[name]?.servers.every(isOwn));
  if (emptied !== undefined)
    throw new CommandError(`${origin} is the last server of the pool ${emptied}, and a pool needs one.`, 1);
  if (origins.length === 1)
    throw new CommandError(`${origin} is the last origin, and the next one would be made from it.`, 1);
}

async function load({ siteFile }: Tree): Promise<Site> {
  try {
    return await readSiteFile(siteFile);
  } catch (error) {
    throw error instanceof SiteConfigError ? new CommandError(error.message, 1) : error;
  }
}

const tomlOf = (origin: string): string => `${originFolder}/${origin}.toml`;

const read = ({ root }: Tree, path: string): string => readFileSync(root + path, "utf8");

/** The name goes into names of Workers (63 characters, RFC 1123) and of bindings; `ORIGIN_X_FAULTS` has a meaning of its own. */
function refuseName(origin: string): void {
  const isName = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(origin) && workerOf(origin).length <= 63;
  if (isName && !/(^|-)faults$/.test(origin)) return;
  throw new CommandError(
    `"${origin}" is no name for an origin: small letters, digits and single hyphens, at most 56, and not "faults" at the end.`,
    1,
  );
}

function poolOf({ pools }: Site, name: string) {
  const pool = Object.hasOwn(pools, name) ? pools[name] : undefined;
  if (pool !== undefined) return pool;
  throw new CommandError(`There is no pool "${name}". There are: ${Object.keys(pools).join(", ")}.`, 1);
}

/** The only pool, or the only one with an origin in it. */
function poolOfOrigins({ pools }: Site, origins: readonly string[]): string {
  const bindings = new Set<string | undefined>(origins.map(bindingOf));
  const names = Object.keys(pools);
  const own = names.filter((name) => pools[name]?.servers.some(({ binding }) => bindings.has(binding)));
  const [name, ...others] = names.length === 1 ? names : own;
  if (name !== undefined && others.length === 0) return name;
  throw new CommandError(`Say which pool it is for: --pool ${names.join(", or --pool ")}.`, 1);
}

type NewServer = { readonly name: string; readonly binding?: string | undefined };

/** The site with other servers in its pools. */
const withServers = (site: Site, change: (pool: string, servers: readonly NewServer[]) => readonly NewServer[]): Site =>
  readSite({
    ...site,
    pools: Object.fromEntries(
      Object.entries(site.pools).map(([name, pool]) => [name, { ...pool, servers: change(name, pool.servers) }]),
    ),
  });

/** A change that could be made of the text as it is, or the path of the text that is of another form. */
type Attempt = TreeChange | { readonly type: "odd"; readonly path: string };

const created = (path: string, text: string | null): Attempt =>
  text === null ? { type: "odd", path } : { type: "create", path, text };

function edited(tree: Tree, path: string, edit: (text: string) => readonly (Splice | null)[]): Attempt {
  const text = read(tree, path);
  const splices = edit(text).filter((splice) => splice !== null);
  return splices.length < edit(text).length ? { type: "odd", path } : { type: "edit", path, text, splices };
}

/** The first of several ways to change the site configuration that gives the site that is wanted. */
async function siteChange(
  { root, siteFile }: Tree,
  wanted: Site,
  ways: readonly (readonly Splice[])[],
): Promise<Attempt> {
  const path = relative(root, siteFile);
  const text = readFileSync(siteFile, "utf8");
  for (const splices of ways) {
    const found = await readSiteFile(siteFile, spliced(text, splices)).catch(() => null);
    if (isDeepStrictEqual(found, wanted)) return { type: "edit", path, text, splices };
  }
  return { type: "odd", path };
}

/** All of the changes, or a message that says what a human has to do in place of them. */
function whole(attempts: readonly Attempt[], byHand: string): readonly TreeChange[] {
  const odd = attempts.filter((attempt) => attempt.type === "odd");
  if (odd.length === 0) return attempts.filter((attempt) => attempt.type !== "odd");
  const paths = odd.map(({ path }) => path).join(" and ");
  throw new CommandError(`Nothing was changed: ${paths} cannot be edited by this command. ${byHand}`, 1);
}

const indented = (text: string): string => text.trimEnd().replaceAll(/^(?=.)/gm, "      ");

function byHandToAdd(tree: Tree, origin: string, from: string, pool: string, entry: string): string {
  return `To add it by hand:
  ${tomlOf(origin)}: a copy of ${tomlOf(from)} with the name "${workerOf(origin)}" and SERVER = "${origin}"
  ${front}: with the other origins
${indented(serviceSection(origin, false))}
  ${control}: with the other origins
${indented(`${serviceSection(origin, false)}\n${serviceSection(origin, true)}`)}
  ${relative(tree.root, tree.siteFile)}: in pools.${pool}.servers
${indented(`${entry},`)}`;
}

const byHandToRemove = (tree: Tree, origin: string): string =>
  `To take it out by hand:
  ${relative(tree.root, tree.siteFile)}: the servers with the binding "${bindingOf(origin)}"
  ${front} and ${control}: the sections [[services]] with the service "${workerOf(origin)}"
  ${tomlOf(origin)}: the whole file`;
