import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Every process with its parent: from /proc, or from ps where there is no /proc. */
function parents(): Map<number, number> {
  const rows = existsSync("/proc/self/stat") ? fromProc() : fromPs();
  return new Map(rows.map(([pid, parent]) => [Number(pid), Number(parent)]));
}

function fromProc(): string[][] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      // `pid (name, with any signs in it) state parent ...`, proc_pid_stat(5).
      const [, parent] = /^.*\) \S+ (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return parent === undefined ? [] : [[pid, parent]];
    } catch {
      // Not a process, or gone meanwhile.
      return [];
    }
  });
}

function fromPs(): string[][] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/));
}

/** The processes that a process has started. */
export function childrenOf(parent: number): number[] {
  return [...parents()].filter(([, of]) => of === parent).map(([pid]) => pid);
}

/** The process and everything below it. */
export function familyOf(ancestor: number): number[] {
  return [ancestor, ...childrenOf(ancestor).flatMap(familyOf)];
}

/** Those of the processes that are still there. */
export function alive(pids: readonly number[]): number[] {
  const all = parents();
  return pids.filter((pid) => all.has(pid));
}
