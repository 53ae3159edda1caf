import { binding, type Native, replace } from "./bindings.ts";
import { refuse } from "./destinations.ts";

const UNSEEN = "what it connects to would be unseen";

/**
 * What would leave these guards behind. Child processes and native add-ons are refused (a bundle
 * from Storage cannot hold an add-on on Cloud Run either); worker threads get the guards.
 *
 * @param preload the file that puts up the guards.
 */
export function guardProcesses(preload: string): void {
  const spawn =
    (): Native =>
    (...args) => {
      const { file } = args[0] as { file: string };
      throw refuse(`the program ${file}`, UNSEEN);
    };
  replace(binding("process_wrap").Process.prototype, "spawn", spawn);
  replace(binding("spawn_sync"), "spawn", spawn);
  replace(process as unknown as Record<string, Native>, "execve", () => (file) => {
    throw refuse(`the program ${String(file)}`, UNSEEN);
  });
  replace(process as unknown as Record<string, Native>, "dlopen", () => (_, file) => {
    throw refuse(`the native add-on ${String(file)}`, UNSEEN);
  });

  const threads = process.getBuiltinModule("node:worker_threads");
  const { Worker } = threads;
  class GuardedWorker extends Worker {
    constructor(...[file, options]: ConstructorParameters<typeof Worker>) {
      super(file, { ...options, execArgv: ["--require", preload] });
    }
  }
  Object.defineProperty(GuardedWorker, "name", { value: "Worker" });
  Object.assign(threads, { Worker: GuardedWorker });
}
