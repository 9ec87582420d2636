/** The time that the servers of a pool have, all tries together, until the header of a response. */
export interface Deadline {
  /** Aborts the try in hand when the time is over. */
  readonly signal: AbortSignal;
  /** Starts the time again: the client is still sending. */
  restart(): void;
  /** Ends the watch; call it when the header is there, for the body may take its time. */
  clear(): void;
}

/** Starts the clock. */
export function startDeadline(deadlineMs: number): Deadline {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), deadlineMs);
  let timer = start();
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = start();
    },
    clear: () => clearTimeout(timer),
  };
}
