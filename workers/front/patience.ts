/** Who is to move next while a request is under way. */
export type Party = "client" | "server";

/** How long each may take for a move, in milliseconds. */
export type Limits = Readonly<Record<Party, number>>;

/**
 * Watches over a request that is under way: whose turn it is, since when, and for how long still. One timer for the whole
 * of it, since a move is much more frequent than a limit that is reached.
 */
export class Patience {
  readonly #controller = new AbortController();
  #limits: Limits;
  #party: Party = "server";
  #sinceMs = Date.now();
  #checkAtMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #late: Party | null = null;

  /** It is the server's turn. */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.#checkIn(limits.server);
  }

  /** Aborts when a limit is reached. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Who reached it; `null` as long as nobody has. */
  get late(): Party | null {
    return this.#late;
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

  /** Nothing is left to wait for. */
  end(): void {
    this.#checkAtMs = -Infinity;
    clearTimeout(this.#timer);
  }

  #checkIn(ms: number): void {
    if (this.#checkAtMs === -Infinity) return;
    clearTimeout(this.#timer);
    this.#checkAtMs = Date.now() + ms;
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const leftMs = this.#sinceMs + this.#limits[this.#party] - Date.now();
    if (leftMs > 0) return this.#checkIn(leftMs);
    this.#late = this.#party;
    this.#controller.abort(new Error(`The ${this.#party} took too long.`));
  }
}
