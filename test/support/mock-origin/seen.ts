/** What an origin received: enough to tell whether it ran, how often, and whether the request arrived unchanged. */
export interface Seen {
  readonly server: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}
