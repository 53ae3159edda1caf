import type { InstanceMessage } from "./messages.ts";

const { isMainThread, postMessageToThread } = process.getBuiltinModule("node:worker_threads");
const MAIN_THREAD = 0;
/** Tells our messages between threads from the workload's. */
const MARK = "local-cloud-run";

const send = process.send?.bind(process);

/** Sends a message to the host; a worker thread's goes through the main one. */
export function tellHost(message: InstanceMessage): void {
  if (isMainThread) send?.(message, undefined, undefined, () => undefined);
  else postMessageToThread(MAIN_THREAD, { [MARK]: message }).catch(() => undefined);
}

/**
 * Binds the process to its host: it ends with it, also when that was killed, because the host's
 * end of the channel closes. The workload sees no channel, as it sees none on Cloud Run.
 */
export function linkToHost(): void {
  if (!isMainThread) return;
  process.once("disconnect", () => process.exit(1));
  process.channel?.unref();
  for (const name of ["send", "disconnect"]) Reflect.deleteProperty(process, name);
  // The SDK's types do not know this event yet.
  (process as NodeJS.EventEmitter).on("workerMessage", (value: unknown) => {
    const message = (value as Record<string, InstanceMessage> | null)?.[MARK];
    if (message) send?.(message, undefined, undefined, () => undefined);
  });
}
