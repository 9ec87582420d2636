import site from "#site";
import type { Binding } from "../../shared/balance/binding.ts";
import type { Member, Pool } from "../../shared/balance/pool.ts";
import type { Arrival } from "../../shared/http/forward.ts";
import { isHost } from "../../shared/http/host.ts";
import type { Exchange } from "../../shared/telemetry/exchange.ts";
import { httplog } from "../../shared/telemetry/httplog.ts";
import { terminationOf, type Termination } from "../../shared/telemetry/termination.ts";
import { acceptEncodingOf, clientAddressOf, versionOf } from "./arrival.ts";
import { recorder } from "./balancer.ts";

/** How a visit ends: the first two characters of HAProxy's termination state. */
export type Ending = Pick<Termination, "cause" | "phase">;

/** RFC 6761 6.4: no host has that name. */
const nowhere = new URL("http://nowhere.invalid/");

const noCookie = { requestCookie: "ignored", responseCookie: "ignored" } as const;

const requestCookies = { N: "none", I: "invalid", V: "valid", D: "down", E: "expired", O: "old" } as const;

/** A request at the front from its arrival to its end, and what the counters and the log are told of it. */
export class Visit implements Arrival {
  readonly request: Request;
  readonly method: string;
  readonly url: URL;
  readonly protocol: "http" | "https";
  readonly host: string;
  readonly pathname: string;
  /** Whether it says for whom it is; the URL of one that does not is to be believed in nothing. RFC 9112 3.2. */
  readonly isAddressed: boolean;
  readonly requestId: string;
  readonly clientAddress: string | null;
  readonly version: string;
  readonly acceptEncoding: string | null;
  readonly hasContent: boolean;
  /**
   * The body that goes on with it. That of a GET or HEAD has no meaning (RFC 9110 9.3.1), and the runtime sends none: it is
   * left behind.
   */
  readonly upload: ReadableStream<Uint8Array> | null;
  /** What Cloudflare's edge says of it; `null` where none stands before the front. */
  readonly edge: CfProperties | null;
  readonly startMs = Date.now();
  status: number | null = null;
  bytesIn: number | null = null;
  #bytesOut: number | null = null;
  #pool: Pool | null = null;
  #server: Member | null = null;
  #triedAtMs: number | null = null;
  #headerAtMs: number | null = null;
  #retries = 0;
  #isRedispatched = false;
  #cookies: Pick<Termination, "requestCookie" | "responseCookie"> = noCookie;
  #hasEntered = false;
  #isOver = false;

  constructor(request: Request, requestId: string) {
    const { headers, cf } = request;
    const field = headers.get("Host");
    this.request = request;
    this.method = request.method;
    this.url = URL.parse(request.url) ?? nowhere;
    this.protocol = this.url.protocol === "https:" ? "https" : "http";
    this.host = this.url.host;
    this.pathname = this.url.pathname;
    this.isAddressed =
      this.url !== nowhere && isHost(this.host) && (field === null || field === this.host || isHost(field));
    this.requestId = requestId;
    this.clientAddress = clientAddressOf(cf, headers);
    this.version = versionOf(cf);
    this.acceptEncoding = acceptEncodingOf(cf);
    this.edge = cf?.colo === undefined ? null : cf;
    const { body } = request;
    this.hasContent = body !== null;
    this.upload = this.method === "GET" || this.method === "HEAD" ? null : body;
  }

  /** Whether it has come to its end, and is counted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It has come as far as a pool, or will go to none (`null`). Once, before all else. */
  enter(pool: Pool | null, binding: Binding | null): void {
    this.#hasEntered = true;
    this.#pool = pool;
    if (pool?.sticky && binding !== null)
      this.#cookies = { requestCookie: requestCookies[binding.flag], responseCookie: "none" };
    recorder.arrived(pool?.name ?? null, this.startMs);
  }

  /** It is sent to a server. `isBound`: the one that its cookie names. */
  try(server: Member, isBound: boolean, nowMs: number): void {
    const pool = this.#pool?.name ?? "";
    if (this.#server !== null) {
      this.#retries++;
      this.#isRedispatched = server !== this.#server;
      recorder.failed(pool, this.#server.name, this.#isRedispatched ? "other" : "same");
    }
    this.#server = server;
    this.#triedAtMs = nowMs;
    recorder.tried(pool, server.name, isBound, nowMs);
  }

  /** What an earlier server answered goes out, for want of a better answer: the request is its from here on. */
  returnTo(server: Member): void {
    if (this.#server === null || this.#server === server) return;
    recorder.returned(this.#pool?.name ?? "", this.#server.name, server.name);
    this.#server = server;
  }

  /** It waits for a server: what this returns is called when it waits no longer. */
  wait(): () => void {
    const pool = this.#pool?.name ?? "";
    recorder.queued(pool);
    return () => recorder.unqueued(pool);
  }

  /** The server's header is here, and goes to the client; with a new cookie of the pool, or not. */
  answered(status: number, nowMs: number): void {
    this.status = status;
    this.#headerAtMs = nowMs;
  }

  /** The client has taken a part of the answer's body. */
  sent(bytes: number): void {
    this.#bytesOut = (this.#bytesOut ?? 0) + bytes;
  }

  /** The client is bound to the server that answered, or is told so again. */
  bind(responseCookie: "inserted" | "updated"): void {
    this.#cookies = { ...this.#cookies, responseCookie };
  }

  /** It is over; `isWhole`: to the last byte, not only as far as the front looks. Further calls do nothing. */
  end({ cause, phase }: Ending, isWhole = true): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#hasEntered) this.enter(null, null);
    const exchange = this.#tell(terminationOf({ cause, phase, ...this.#cookies }), isWhole);
    const load = site.log === "httplog" ? recorder.load(exchange.pool, exchange.server) : null;
    recorder.record(exchange);
    if (load !== null) console.log(httplog(exchange, load));
  }

  #tell(termination: string, isOver: boolean): Exchange {
    const { method, url, pathname, requestId, clientAddress, version, startMs, status, bytesIn } = this;
    const triedAtMs = this.#triedAtMs;
    return {
      pool: this.#pool?.name ?? null,
      server: this.#server?.name ?? null,
      clientAddress,
      method,
      target: pathname + url.search,
      httpVersion: version,
      status,
      startMs,
      queueMs: triedAtMs === null ? null : triedAtMs - startMs,
      responseMs: this.#headerAtMs === null || triedAtMs === null ? null : this.#headerAtMs - triedAtMs,
      totalMs: Date.now() - startMs,
      isOver,
      bytesIn,
      bytesOut: this.#bytesOut,
      retries: this.#retries,
      isRedispatched: this.#isRedispatched,
      termination,
      requestId,
    };
  }
}
