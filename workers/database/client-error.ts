import { errors, type ErrorCode, type Failure } from "../../shared/kernel/error.ts";

/** A failure of the database, with D1's text: ORMs read `D1_ERROR: UNIQUE constraint failed: ...`. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: ErrorCode;
  /** May the same call be made again without risk of writing twice? */
  readonly retryable: boolean;

  constructor({ code, message }: Omit<Failure, "ok">, retryable: boolean = errors[code].retryable) {
    super(`D1_ERROR: ${message}`);
    this.code = code;
    this.retryable = retryable;
  }
}
