/** A call that was not answered in time. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** The result of `call`, or a `TimedOut` once `timeoutMs` have passed. The call itself goes on: it may still have its effect. */
export async function inTime<T>(call: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimedOut(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
