import type { Persist, ServerRecord, StoredControl } from "../../shared/balance/control-state.ts";

/** The keys under which control stores: one row each. */
const [reignKey, generationKey, prefix] = ["reign", "generation", "server/"];

/** What control keeps over restarts and deploys, in its Durable Object. */
export class ControlStore {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  /**
   * What was stored. An empty storage gets its name here.
   *
   * @param newReign makes a name that no other storage has.
   */
  read(newReign: () => string): StoredControl {
    const records = Array.from(this.#kv.list<Partial<ServerRecord>>({ prefix }));
    return {
      reign: this.#kv.get<string>(reignKey) ?? this.#begin(newReign()),
      generation: this.#kv.get<number>(generationKey) ?? 0,
      servers: new Map(records.map(([key, record]) => [key.slice(prefix.length), record])),
    };
  }

  /** Stores a change: writes with nothing awaited between them are one transaction. */
  persist({ generation, put, drop }: Persist): void {
    this.#kv.put(generationKey, generation);
    for (const [key, record] of put) this.#kv.put(prefix + key, record);
    for (const key of drop) this.#kv.delete(prefix + key);
  }

  #begin(reign: string): string {
    this.#kv.put(reignKey, reign);
    return reign;
  }
}
