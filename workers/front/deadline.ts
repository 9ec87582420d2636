/** The time that the servers of a pool have, all tries together, until the header of a response. */
export interface Deadline {
  /** Aborts the try in hand when the time is over. */
  readonly signal: AbortSignal;
  /** Starts the time again: the client is still sending. */
  restart(): void;
  /** Ends the watch for good; call it when the header is there, for what is left of the bodies may take its time. */
  clear(): void;
}

/** Starts the clock. */
export function startDeadline(deadlineMs: number): Deadline {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), deadlineMs);
  let timer = start();
  let cleared = false;
  return {
    signal: controller.signal,
    restart() {
      if (cleared) return;
      clearTimeout(timer);
      timer = start();
    },
    clear() {
      cleared = true;
      clearTimeout(timer);
    },
  };
}
