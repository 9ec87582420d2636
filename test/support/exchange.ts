import type { Exchange } from "../../shared/telemetry/exchange.ts";

/** A request that went well, but for what is said otherwise. */
export const exchangeWith = (parts: Partial<Exchange> = {}): Exchange => ({
  pool: "web",
  server: "a",
  clientAddress: "192.0.2.7",
  method: "GET",
  target: "/posts?page=2",
  httpVersion: "1.1",
  status: 200,
  startMs: Date.UTC(2026, 10, 24, 14, 3, 59, 46),
  queueMs: 0,
  responseMs: 12,
  totalMs: 13,
  isOver: true,
  bytesIn: 0,
  bytesOut: 72,
  retries: 0,
  isRedispatched: false,
  termination: "--NI",
  requestId: "6f1c-2",
  ...parts,
});
