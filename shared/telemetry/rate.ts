/** Counts what happens by the second. */
export class Rate {
  #second = -Infinity;
  #count = 0;
  #before = 0;

  add(nowMs: number, count: number): void {
    this.#advance(nowMs);
    this.#count += count;
  }

  /** The larger of what happened in the last whole second and in the one that is running. */
  read(nowMs: number): number {
    this.#advance(nowMs);
    return Math.max(this.#before, this.#count);
  }

  /** A clock that is set back counts as one that stands still. */
  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second <= this.#second) return;
    this.#before = second === this.#second + 1 ? this.#count : 0;
    this.#count = 0;
    this.#second = second;
  }
}
