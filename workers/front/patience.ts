/** Who is to move next while a request is under way. */
export type Party = "client" | "server";

/** How long each may take for a move, in milliseconds. */
export type Limits = Readonly<Record<Party, number>>;

/**
 * Watches over a request that is under way: whose turn it is, since when, and for how long still. One timer for the whole
 * of it, since a move is much more frequent than a limit that is reached.
 */
export class Patience {
  #controller: AbortController | null = null;
  #onLate: (() => void) | null = null;
  #limits: Limits;
  #party: Party = "server";
  #sinceMs = Date.now();
  #endMs = Infinity;
  #checkAtMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #late: Party | null = null;
  #broke: Party | null = null;
  readonly #onEnd: (() => void)[] = [];

  /** It is the server's turn. */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.#checkIn(limits.server);
  }

  /** Aborts when a limit is reached. Made when it is first asked for: most requests need none. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#late !== null) this.#controller.abort(reasonOf(this.#late));
    return this.#controller.signal;
  }

  /**
   * Waits for a call, and no longer than this lasts. A call that comes too late is left alone: the runtime ends it with the
   * request. (A signal in each call costs more than the rest of the wait.)
   *
   * @returns `null` when it was too late.
   * @throws what the call does.
   */
  inTime<T>(call: Promise<T>): Promise<T | null> {
    if (this.#late !== null) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#onLate = () => resolve(null);
      call.then(resolve, reject);
    });
  }

  /** Who reached it; `null` as long as nobody has. */
  get late(): Party | null {
    return this.#late;
  }

  /** Who broke off; `null`: nobody. */
  get broke(): Party | null {
    return this.#broke;
  }

  /** Somebody has moved, and now it is this party's turn. */
  turn(party: Party): void {
    this.#party = party;
    this.#sinceMs = Date.now();
    if (this.#sinceMs + this.#limits[party] < this.#checkAtMs) this.#checkIn(this.#limits[party]);
  }

  /** Other limits from here on, for a turn of the server that begins now. */
  restart(limits: Limits): void {
    this.#limits = limits;
    this.turn("server");
  }

  /** It is late in `ms` at most, whoever moves until then. */
  hurry(ms: number): void {
    this.#endMs = Date.now() + ms;
    if (this.#endMs < this.#checkAtMs) this.#checkIn(ms);
  }

  /** Whether the request is over. */
  get isOver(): boolean {
    return this.#checkAtMs === -Infinity;
  }

  /** Has something done when the request is over. */
  onEnd(action: () => void): void {
    this.#onEnd.push(action);
  }

  /** Nothing is left to wait for: the request is over, because somebody broke off or without that. */
  end(broke: Party | null = null): void {
    if (this.isOver) return;
    this.#broke = broke;
    this.#checkAtMs = -Infinity;
    clearTimeout(this.#timer);
    for (const action of this.#onEnd) action();
  }

  /** The client has gone: what is on its way to him breaks off. */
  leave(): void {
    if (this.isOver) return;
    this.#controller?.abort(new Error("The client has gone."));
    this.end("client");
  }

  #checkIn(ms: number): void {
    if (this.isOver) return;
    clearTimeout(this.#timer);
    this.#checkAtMs = Date.now() + ms;
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const leftMs = Math.min(this.#sinceMs + this.#limits[this.#party], this.#endMs) - Date.now();
    if (leftMs > 0) return this.#checkIn(leftMs);
    this.#late = this.#party;
    this.#onLate?.();
    this.#controller?.abort(reasonOf(this.#party));
  }
}

const reasonOf = (party: Party): Error => new Error(`The ${party} took too long.`);
