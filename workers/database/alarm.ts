/** The alarm of an object, as the platform keeps it: one, over resets. */
export interface StoredAlarm {
  /** The time it is set to; `null` for none. */
  get(): Promise<number | null>;
  /** Sets it, to this time alone. Written with what else is written in this turn, and counted as one more row. */
  set(atMs: number): void;
}

/**
 * The one alarm of a node, for whoever needs one: it goes off at the earliest time that was asked for, and whoever is not due
 * then asks again. To ask for a later time than it is set to costs nothing, so it may be asked for at every commit.
 */
export class Alarm {
  readonly #stored: StoredAlarm;
  #atMs = Infinity;

  constructor(stored: StoredAlarm) {
    this.#stored = stored;
  }

  /** Reads what an earlier life of the object has set. Call it before anything else. */
  async open(): Promise<void> {
    this.#atMs = (await this.#stored.get()) ?? Infinity;
  }

  /** Asks to be woken at this time, or before. */
  wakeAt(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#atMs = atMs;
    this.#stored.set(atMs);
  }

  /** It went off. */
  wentOff(): void {
    this.#atMs = Infinity;
  }
}
