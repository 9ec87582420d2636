import { readFileSync, writeFileSync } from "node:fs";
import { root } from "./workers.ts";

/**
 * Keeps package-lock.json complete for every platform. npm (10 and 11) leaves out an optional package that the
 * registry in use does not carry, such as the binary for another system; `npm ci` then fails on the very lockfile
 * that `npm install` wrote, and on other systems the binary is not installed at all.
 *
 *     node scripts/lockfile.ts          report, exit code 1 when something is missing
 *     node scripts/lockfile.ts --fix    add what is missing
 */
const path = `${root}package-lock.json`;

/** One entry of the lockfile's `packages`, as far as it matters here. */
export interface LockedPackage {
  version?: string | undefined;
  resolved?: string | undefined;
  integrity?: string | undefined;
  cpu?: string[] | undefined;
  dev?: boolean | undefined;
  libc?: string[] | undefined;
  optional?: boolean | undefined;
  os?: string[] | undefined;
  optionalDependencies?: Record<string, string>;
}

/** `packages` of a lockfile, version 3: the key is the folder that the package is installed in. */
export type LockedPackages = Record<string, LockedPackage>;

/** An optional package that is asked for and not locked. */
export interface Missing {
  readonly name: string;
  readonly version: string;
  readonly askedBy: string;
}

/** Finds the package as Node does: in the asker's own `node_modules`, then in those of the folders above it. */
function find(packages: LockedPackages, from: string, name: string): LockedPackage | undefined {
  const found = packages[`${from === "" ? "" : `${from}/`}node_modules/${name}`];
  if (found !== undefined || from === "") return found;
  const above = from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1));
  return find(packages, above, name);
}

/** Every optional dependency in the tree that has no entry. */
export function missing(packages: LockedPackages): Missing[] {
  return Object.entries(packages).flatMap(([askedBy, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => find(packages, askedBy, name) === undefined)
      .map(([name, version]) => ({ name, version, askedBy })),
  );
}

const systems = new Set([
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
]);
const processors = new Set(["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"]);
const synonyms: Record<string, string> = { windows: "win32", "64": "x64", gnu: "glibc" };

interface Platform {
  readonly os: string[];
  readonly cpu: string[];
  readonly libc: string[] | undefined;
}

/**
 * The platform that a binary package is for, read from its name: `@oxlint/binding-linux-arm64-musl`,
 * `@cloudflare/workerd-windows-64`. Without these fields npm would install every platform's binary everywhere.
 *
 * @returns `undefined` when the name does not say both system and processor.
 */
export function platform(name: string): Platform | undefined {
  const words = name.split(/[/-]/).map((word) => synonyms[word] ?? word);
  const os = words.filter((word) => systems.has(word));
  const cpu = words.filter((word) => processors.has(word));
  const libc = words.filter((word) => word === "glibc" || word === "musl");
  if (os.length !== 1 || cpu.length !== 1) return undefined;
  return { os, cpu, libc: libc.length > 0 ? libc : undefined };
}

/**
 * Adds entries for what is missing, without `integrity`: the registry in use cannot give it. npm fills it in when it
 * installs the package. Names whose platform cannot be told are left out and stay reported.
 */
export function complete(packages: LockedPackages): LockedPackages {
  const completed = { ...packages };
  for (const { name, version, askedBy } of missing(packages)) {
    const fields = platform(name);
    if (fields === undefined) continue;
    const { cpu, libc, os } = fields;
    completed[`node_modules/${name}`] = { version, cpu, dev: packages[askedBy]?.dev, libc, optional: true, os };
  }
  return Object.fromEntries(Object.entries(completed).toSorted(([a], [b]) => a.localeCompare(b, "en")));
}

/** Entries that name the registry they came from: the lockfile must work with any. */
export function boundToRegistry(packages: LockedPackages): string[] {
  return Object.entries(packages).flatMap(([folder, { resolved }]) => (resolved === undefined ? [] : [folder]));
}

function main(fix: boolean): void {
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: LockedPackages };
  if (fix) {
    lock.packages = complete(lock.packages);
    writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  }
  const problems = [
    ...missing(lock.packages).map(
      ({ name, version, askedBy }) => `missing: ${name}@${version}, asked for by ${askedBy}`,
    ),
    ...boundToRegistry(lock.packages).map((folder) => `bound to one registry by "resolved": ${folder}`),
  ];
  if (problems.length === 0) return;
  console.error([...problems, "Add what is missing with `node scripts/lockfile.ts --fix`."].join("\n"));
  process.exitCode = 1;
}

if (import.meta.main) main(process.argv.includes("--fix"));
