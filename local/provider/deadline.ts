import { ProviderError } from "./provider-error.ts";

/** Waits for `work`, at most `seconds` and no longer than the engine does. The work itself is not stopped. */
export async function withDeadline<T>(
  work: Promise<T>,
  seconds: number,
  cancelled: AbortSignal,
  what: string,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () =>
    reject(new ProviderError("DEADLINE_EXCEEDED", `${what} was not ready within ${seconds} seconds.`));
  const stop = () => reject(new ProviderError("ABORTED", `${what}: the engine cancelled.`));
  const timer = setTimeout(late, seconds * 1000);
  cancelled.addEventListener("abort", stop);
  if (cancelled.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener("abort", stop);
  }
}
