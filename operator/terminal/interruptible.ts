export type Interruptible<Result> =
  | { readonly interrupted: false; readonly result: Result }
  | { readonly interrupted: true };

/**
 * Runs `work` with a signal that the first ^C aborts; a second one ends the process at once. What `work` then throws
 * is the interruption's doing.
 */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Interruptible<Result>> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("\nFinishing the steps that run; ^C again ends at once.\n");
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const result = await work(controller.signal);
    return controller.signal.aborted ? { interrupted: true } : { interrupted: false, result };
  } catch (error) {
    if (controller.signal.aborted) return { interrupted: true };
    throw error;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
