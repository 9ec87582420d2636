/** What an error code means to each of its readers. */
interface ErrorFacts {
  /** The HTTP status that an API answers with. */
  readonly status: number;
  /** May the same request be sent again without risk of doing its work twice? */
  readonly retryable: boolean;
  /** What an operator reads: what happened and what to do. */
  readonly advice: string;
}

/** The closed set of expected failures: code -> HTTP status, retry, advice. */
export const errors = {
  "bad-request": {
    status: 400,
    retryable: false,
    advice: "The request does not have the form that the API asks for; the message names the field.",
  },
  "not-found": { status: 404, retryable: false, advice: "There is nothing at this address." },
  "method-not-allowed": {
    status: 405,
    retryable: false,
    advice: "The method is not served here. The field Allow names those that are.",
  },
  "request-timeout": {
    status: 408,
    retryable: true,
    advice: "The client began to send a body and went silent. No server has acted on the request as a whole.",
  },
  "expectation-failed": {
    status: 417,
    retryable: false,
    advice: "The request expects something of the server that it does not know. Send it without the field Expect.",
  },
  forbidden: {
    status: 403,
    retryable: false,
    advice: "The request came from a page of another site, so it was refused.",
  },
  unauthorized: {
    status: 401,
    retryable: false,
    advice:
      "The request carries no valid credential. Send the admin token, as Bearer or as the password of Basic with the user admin.",
  },
  "server-failed": {
    status: 502,
    retryable: false,
    advice: "The server failed before it answered. It may have done its work, so no other server got the request.",
  },
  "no-server": {
    status: 503,
    retryable: true,
    advice: "Every server of the pool failed. The status page says which, and since when.",
  },
  "not-running": {
    status: 503,
    retryable: true,
    advice: "A Worker that a binding names does not exist. Locally, start the whole site; in production, deploy it.",
  },
  "deadline-exceeded": {
    status: 504,
    retryable: false,
    advice: "No server sent the header of its response in time. The work may still be going on.",
  },
  "body-too-large": { status: 413, retryable: false, advice: "The body is larger than what is taken here. Send less." },
  "uri-too-long": {
    status: 414,
    retryable: false,
    advice: "The address of the request is longer than what is taken here. Send its data in the body.",
  },
  "header-too-large": {
    status: 431,
    retryable: false,
    advice: "The fields of the request are larger than what is taken here. Send less, or fewer cookies.",
  },
  "rate-limited": {
    status: 429,
    retryable: true,
    advice: "The client has sent more requests than its share. The field Retry-After says when the next one is taken.",
  },
  "unsupported-media-type": {
    status: 415,
    retryable: false,
    advice: "The body is in a form that is not understood here; the message names the one that is.",
  },
  "statement-refused": {
    status: 400,
    retryable: false,
    advice: "The statement is of a kind that cannot be replicated; nothing was changed.",
  },
  "sql-error": { status: 400, retryable: false, advice: "SQLite refused the statement; nothing was changed." },
  "transaction-too-large": {
    status: 413,
    retryable: false,
    advice: "One transaction changed too much to be one log record; nothing was changed. Split it into batches.",
  },
  "integer-too-large": {
    status: 422,
    retryable: false,
    advice: "The result holds an integer that a number would round; nothing was changed. Ask for bigints or for text.",
  },
  "idempotency-key-reused": {
    status: 422,
    retryable: false,
    advice: "The Idempotency-Key came with another request before. Send each request with a key of its own.",
  },
  "not-primary": {
    status: 421,
    retryable: true,
    advice: "The statement writes and this node is a replica. Send it to the primary.",
  },
  behind: {
    status: 503,
    retryable: true,
    advice: "The replica has not reached the position that was asked for. Ask the primary.",
  },
  "stale-epoch": { status: 409, retryable: false, advice: "The sender is a primary of an older epoch. It must stop." },
  gap: {
    status: 409,
    retryable: true,
    advice: "Records are missing between the replica's position and what was sent. Send from the replica's position.",
  },
  damaged: { status: 502, retryable: true, advice: "A record was damaged on its way. It is sent again." },
  diverged: {
    status: 500,
    retryable: false,
    advice: "The replica's log or data is not the primary's. It serves nobody. Rebuild the replica.",
  },
  stuck: {
    status: 503,
    retryable: true,
    advice:
      "The replica cannot take the next record of the log, so it answers no reads. The record is sent again now and then; if that does not help, rebuild the replica.",
  },
  "log-purged": {
    status: 410,
    retryable: false,
    advice: "The records that the replica needs are no longer kept. Rebuild the replica.",
  },
  rebuilding: {
    status: 503,
    retryable: true,
    advice: "The replica is being filled anew from the primary. It takes records when that is done.",
  },
  "snapshot-outdated": {
    status: 409,
    retryable: true,
    advice: "The schema has changed since the snapshot began, or the log no longer reaches back to it. It begins anew.",
  },
  overloaded: { status: 503, retryable: true, advice: "A bounded queue is full. Send less, or later." },
  unavailable: {
    status: 503,
    retryable: false,
    advice: "The node did not answer. A write may or may not have been committed.",
  },
  internal: { status: 500, retryable: false, advice: "A bug. The log of the Worker that answered has the exception." },
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof errors;

/** An expected failure, as a value: it crosses RPC unchanged. */
export interface Failure {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}

export const failure = (code: ErrorCode, message: string): Failure => ({ ok: false, code, message });

/** Carries an expected failure out of a transaction, which is undone on the way. Whoever opened the transaction turns it back into a value. */
export class Undo extends Error {
  override readonly name = "Undo";
  readonly failure: Failure;

  constructor(reason: Failure) {
    super(reason.message);
    this.failure = reason;
  }
}

/** Undoes the transaction in hand. */
export function undo(code: ErrorCode, message: string): never {
  throw new Undo(failure(code, message));
}
