import { availableParallelism, cpus } from "node:os";
import { cpuSeconds, requireProc } from "./process-usage.ts";

const SAMPLE_MS = 250;

export interface CpuShares {
  /** Seconds of CPU by name, most first. */
  readonly seconds: readonly (readonly [name: string, seconds: number])[];
  /** Cores that the machine had busy on average, with all that others did on it. */
  readonly coresBusy: number;
  readonly cores: number;
}

/** Adds up what processes cost while something is measured. One that ends between two samples loses at most the last. */
export class CpuWatch {
  readonly #list: () => Promise<ReadonlyMap<number, string>>;
  readonly #first = new Map<number, number>();
  readonly #last = new Map<number, number>();
  readonly #names = new Map<number, string>();
  readonly #machine = machineTimes();
  readonly #known: Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  /** @param list the processes to watch by pid, asked again with every sample: instances come and go. */
  private constructor(list: () => Promise<ReadonlyMap<number, string>>) {
    this.#list = list;
    this.#known = this.#sample(true);
  }

  static async start(list: () => Promise<ReadonlyMap<number, string>>): Promise<CpuWatch> {
    requireProc();
    const watch = new CpuWatch(list);
    await watch.#known;
    watch.#schedule();
    return watch;
  }

  async stop(): Promise<CpuShares> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#sample(false);
    const byName = new Map<string, number>();
    for (const [pid, name] of this.#names) {
      const spent = (this.#last.get(pid) ?? 0) - (this.#first.get(pid) ?? 0);
      byName.set(name, (byName.get(name) ?? 0) + spent);
    }
    const [before, after] = [this.#machine, machineTimes()];
    const cores = availableParallelism();
    const busy = (after.busy - before.busy) / (after.total - before.total);
    return { seconds: [...byName].sort(([, a], [, b]) => b - a), coresBusy: busy * cores, cores };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      // One that fails is made up for by the next: times only grow.
      void this.#sample(false)
        .catch(() => undefined)
        .then(() => {
          if (this.#timer !== undefined) this.#schedule();
        });
    }, SAMPLE_MS);
  }

  async #sample(isFirst: boolean): Promise<void> {
    for (const [pid, name] of await this.#list()) {
      const seconds = cpuSeconds(pid);
      if (seconds === undefined) continue;
      this.#names.set(pid, name);
      if (isFirst) this.#first.set(pid, seconds);
      this.#last.set(pid, seconds);
    }
  }
}

function machineTimes(): { readonly busy: number; readonly total: number } {
  const times = cpus().map(({ times: { idle, ...busy } }) => ({
    idle,
    busy: Object.values(busy).reduce((sum, ms) => sum + ms, 0),
  }));
  const busy = times.reduce((sum, core) => sum + core.busy, 0);
  return { busy, total: busy + times.reduce((sum, core) => sum + core.idle, 0) };
}
