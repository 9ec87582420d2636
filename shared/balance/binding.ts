import { affinityOf, type Affinity } from "../http/affinity-cookie.ts";
import type { Pool } from "./pool.ts";

/**
 * What the cookie of a sticky pool says, in the letters of HAProxy's log (manual 8.5): there is none, no server has that
 * name, its server serves, is down or gone, or the visitor was away or bound for too long.
 */
export type CookieFlag = "N" | "I" | "V" | "D" | "E" | "O";

/** To whom a visitor is bound. */
export interface Binding {
  readonly flag: CookieFlag;
  /** The server that is asked first; `null`: none. */
  readonly server: string | null;
  /** When he was bound; `null` where the cookie does not say, or does not hold. */
  readonly firstMs: number | null;
  /** Whether he is to get the cookie again, for it says when he was last seen. */
  readonly isStale: boolean;
}

const unbound = (flag: CookieFlag): Binding => ({ flag, server: null, firstMs: null, isStale: false });

const none = unbound("N");

/**
 * Judges the cookie of a request, as HAProxy does with `insert indirect` (`manage_client_side_cookies`).
 *
 * @param value as `takeAffinityCookie` gives it.
 */
export function bindingOf(value: string | null, pool: Pool, nowMs: number): Binding {
  if (value === null || !pool.sticky) return none;
  const affinity = affinityOf(value);
  const member = pool.member(affinity.server);
  if (member === undefined) return unbound("I");
  const { stickyIdleMs, stickyLifeMs } = pool.config;
  if (isOver(affinity.lastMs, stickyIdleMs, nowMs)) return unbound("E");
  if (isOver(affinity.firstMs, stickyLifeMs, nowMs)) return unbound("O");
  const { standing, view } = member;
  if (standing.fitness === "none") return unbound(view.admin === "drain" && view.health !== "down" ? "O" : "D");
  return { flag: "V", server: member.name, firstMs: affinity.firstMs, isStale: isStale(affinity, stickyIdleMs, nowMs) };
}

/** HAProxy does not believe a date more than a day ahead, and lets a cookie without one be as good as a new one. */
const farAheadMs = 86_400_000;

const isOver = (dateMs: number | null, limitMs: number | null, nowMs: number): boolean =>
  dateMs !== null && limitMs !== null && (nowMs - dateMs > limitMs || dateMs - nowMs > farAheadMs);

/** A tenth of the time is lost at most; a cookie with each answer would be worse. */
const isStale = ({ lastMs }: Affinity, idleMs: number | null, nowMs: number): boolean =>
  idleMs !== null && (lastMs === null || nowMs - lastMs > idleMs / 10);
