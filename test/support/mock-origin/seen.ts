/** What an origin received: enough to tell whether it ran, how often, and whether the request arrived unchanged. */
export interface Seen {
  readonly server: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** A response in so many words: `/x?a=answer&with=<JSON of this>`. */
export interface Scripted {
  readonly status?: number;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: string | null;
}
