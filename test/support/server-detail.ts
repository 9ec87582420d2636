import type { ServerDetail } from "../../shared/admin/servers.ts";

/** A server that is up and was checked, but for what is said otherwise. */
export const serverWith = (parts: Partial<ServerDetail> = {}): ServerDetail => ({
  pool: "web",
  name: "a",
  state: "UP",
  admin: "ready",
  drainUntilMs: null,
  health: "up",
  ejectedUntilMs: null,
  upSinceMs: null,
  weight: 1,
  initialWeight: 1,
  backup: false,
  checks: { rise: 2, fall: 3, counter: 4 },
  lastCheck: { status: "L7OK", code: 200, durationMs: 3, description: "Layer7 check passed", detail: "", atMs: 0 },
  changedAtMs: 0,
  failedChecks: 0,
  failedAnalyses: 0,
  downs: 0,
  downMs: 0,
  ...parts,
});
