import { limits } from "../../shared/kernel/limits.ts";
import type { CheckRounds } from "../../shared/replication/check-round.ts";
import type { CheckReport } from "./messages.ts";

/** What the checker needs of the object that it works in. */
export interface CheckerHost {
  now(): number;
  wait(ms: number): Promise<void>;
  /** Asks for a call of `woke` at this time, also after a reset. */
  wakeAt(atMs: number): void;
}

/** An alarm this late starts the work again that a reset has ended. */
const resumeMs = 5_000;

/** Has slices of the database checked: now and then with the writes, and one after the other when somebody asks for a whole round. */
export class Checker {
  readonly #host: CheckerHost;
  readonly #rounds: CheckRounds;
  readonly #appended: () => void;
  #isRunning = false;

  /** @param appended called when a record was appended: it is to be shipped. */
  constructor(host: CheckerHost, rounds: CheckRounds, appended: () => void) {
    this.#host = host;
    this.#rounds = rounds;
    this.#appended = appended;
    if (rounds.isAsked) host.wakeAt(host.now());
  }

  /** Something was committed: checks the next slice soon if one is due. */
  committed(nowMs: number): void {
    if (this.#rounds.isDue(nowMs)) void this.#run();
  }

  /** Begins a round over the whole database. */
  ask(): CheckReport {
    this.#rounds.ask(this.#host.now());
    this.#host.wakeAt(this.#host.now());
    return this.report();
  }

  report(): CheckReport {
    const { rounds, round, done } = this.#rounds.progress;
    return { rounds, running: this.#rounds.isAsked, round, done };
  }

  /** The alarm went off: goes on with a round that was asked for. */
  woke(): void {
    if (!this.#rounds.isAsked) return;
    this.#host.wakeAt(this.#host.now() + resumeMs);
    void this.#run();
  }

  /** One slice, and all that follow if the round was asked for. Nobody waits for it: the write is answered by then. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      do {
        await this.#host.wait(limits.checkPauseMs);
        this.#rounds.next(this.#host.now());
        this.#appended();
      } while (this.#rounds.isAsked);
    } catch (error) {
      console.error({ message: "a check failed", error: String(error) });
    } finally {
      this.#isRunning = false;
    }
  }
}
