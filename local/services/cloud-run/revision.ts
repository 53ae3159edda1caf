import type { Instance } from "./instance.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { NoInstance } from "./no-instance.ts";
import { type Lease, WaitingLine } from "./waiting-line.ts";

const WARM_TRIES = 10;
const WARM_PAUSE_MS = 500;
const WARM_MAX_PAUSE_MS = 60_000;
/** An instance that is lost so soon may be lost again: the next one waits, so that nothing loops. */
const SHORT_LIFE_MS = 2_000;

export interface RevisionOptions {
  readonly name: string;
  readonly concurrency: number;
  readonly maxInstances: number;
  /** An instance without requests for so long is stopped, unless the minimum would be missed. */
  readonly idleMs: number;
  /** How long a request waits while every instance is busy. */
  readonly queueDeadlineMs: number;
  readonly start: (signal: AbortSignal) => Promise<Instance>;
  /** An instance that ended without being asked to, or did not come up. */
  readonly onFailure: (message: string) => void;
}

/**
 * The instances of one revision: as many as requests in flight need, at most `maxInstances`,
 * each with at most `concurrency` requests.
 */
export class Revision {
  readonly name: string;
  readonly #options: RevisionOptions;
  readonly #ready = new Set<Instance>();
  /** Settle when the instance is ready or its process is gone. */
  readonly #starting = new Set<Promise<void>>();
  readonly #stopping = new Set<Promise<void>>();
  readonly #waiting: WaitingLine;
  readonly #idleTimers = new Map<Instance, NodeJS.Timeout>();
  #minimum = 0;
  #warming: NodeJS.Timeout | undefined;
  /** Instances in a row that came up and were soon lost. */
  #shortLives = 0;
  readonly #retirement = new AbortController();

  constructor(options: RevisionOptions) {
    this.name = options.name;
    this.#options = options;
    this.#waiting = new WaitingLine({
      deadlineMs: options.queueDeadlineMs,
      isOneStarting: () => this.#starting.size > 0,
    });
  }

  /** Starts what is missing to `count` instances. @throws what the first start threw. */
  async warm(count: number): Promise<void> {
    const missing = Math.min(count, this.#options.maxInstances) - this.#ready.size - this.#starting.size;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#startOne()));
  }

  /** Keeps so many instances warm from now on, whatever becomes of them. */
  setMinimum(count: number): void {
    this.#minimum = count;
    this.#keepWarm();
  }

  /**
   * @throws {NoInstance} when the queue is full or the wait too long.
   * @throws {InstanceFailed} when the instance that would have served did not come up.
   */
  acquire(signal: AbortSignal): Promise<Lease> {
    if (this.isRetired) return Promise.reject(new NoInstance());
    const instance = this.#waiting.length === 0 ? this.#freest() : undefined;
    if (instance) return Promise.resolve(this.#lease(instance));
    const lease = this.#waiting.wait(signal);
    this.#scale();
    return lease;
  }

  get pids(): readonly number[] {
    return [...this.#ready].map(({ pid }) => pid);
  }

  get isRetired(): boolean {
    return this.#retirement.signal.aborted;
  }

  /** Takes no more requests, lets those in flight end within `graceMs`, and stops every instance. */
  async retire(graceMs: number): Promise<void> {
    this.#retirement.abort();
    clearTimeout(this.#warming);
    this.#waiting.fail(new NoInstance());
    await Promise.all(this.#starting);
    await Promise.all([...this.#ready].map((instance) => this.#drain(instance, graceMs)));
    await Promise.all(this.#stopping);
  }

  /** In the background, with growing pauses; gives up after ten tries, until the next request. */
  #keepWarm(attempt = 1): void {
    clearTimeout(this.#warming);
    if (this.isRetired || this.#minimum === 0) return;
    const pause = this.#shortLives > 0 ? pauseMs(this.#shortLives) : 0;
    this.#warming = setTimeout(() => {
      this.warm(this.#minimum).catch(() => {
        if (this.isRetired || attempt >= WARM_TRIES) return;
        this.#warming = setTimeout(() => this.#keepWarm(attempt + 1), pauseMs(attempt)).unref();
      });
    }, pause).unref();
  }

  /** Serves the queue from what is free, then starts as many instances as the rest of it needs. */
  #scale(): void {
    this.#waiting.serve(() => {
      const instance = this.#freest();
      return instance && this.#lease(instance);
    });
    const { concurrency, maxInstances } = this.#options;
    while (
      !this.isRetired &&
      this.#waiting.length > this.#starting.size * concurrency &&
      this.#ready.size + this.#starting.size < maxInstances
    ) {
      this.#startOne().catch(() => undefined);
    }
  }

  async #startOne(): Promise<void> {
    const starting = this.#options.start(this.#retirement.signal);
    const settled = starting.then(
      () => undefined,
      () => undefined,
    );
    this.#starting.add(settled);
    try {
      const instance = await starting;
      this.#starting.delete(settled);
      this.#ready.add(instance);
      instance.onReadiness = () => this.#scale();
      const readyAt = performance.now();
      void instance.ended.then((how) => this.#lose(instance, how, performance.now() - readyAt));
      this.#rest(instance);
      if (!this.isRetired) this.#scale();
    } catch (error) {
      this.#starting.delete(settled);
      const failure = error instanceof Error ? error : new InstanceFailed(String(error), []);
      if (!this.isRetired) {
        this.#options.onFailure(`An instance of ${this.name} ${failure.message}`);
      }
      if (this.#ready.size + this.#starting.size === 0) {
        this.#waiting.fail(failure);
      }
      throw failure;
    }
  }

  #freest(): Instance | undefined {
    let freest: Instance | undefined;
    for (const instance of this.#ready) {
      if (!instance.isRunning || !instance.isReady || instance.inFlight >= this.#options.concurrency)
        continue;
      if (!freest || instance.inFlight < freest.inFlight) freest = instance;
    }
    return freest;
  }

  #lease(instance: Instance): Lease {
    clearTimeout(this.#idleTimers.get(instance));
    instance.inFlight += 1;
    let isReleased = false;
    return {
      revision: this.name,
      instance,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        instance.inFlight -= 1;
        this.#rest(instance);
        this.#scale();
      },
    };
  }

  /** Sets the clock after which an instance that stays idle is stopped. */
  #rest(instance: Instance): void {
    clearTimeout(this.#idleTimers.get(instance));
    if (instance.inFlight > 0 || !this.#ready.has(instance)) return;
    const stop = () => {
      if (this.#ready.size > this.#minimum) this.#stop(instance);
      else this.#rest(instance);
    };
    this.#idleTimers.set(instance, setTimeout(stop, this.#options.idleMs).unref());
  }

  #stop(instance: Instance): void {
    clearTimeout(this.#idleTimers.get(instance));
    this.#idleTimers.delete(instance);
    this.#ready.delete(instance);
    const stopping = instance.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  #lose(instance: Instance, how: string, livedMs: number): void {
    clearTimeout(this.#idleTimers.get(instance));
    this.#idleTimers.delete(instance);
    if (!this.#ready.delete(instance)) return;
    this.#options.onFailure(`An instance of ${this.name} ${how}`);
    this.#shortLives = livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    if (this.isRetired) return;
    this.#scale();
    this.#keepWarm();
  }

  async #drain(instance: Instance, graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    while (instance.inFlight > 0 && instance.isRunning && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (this.#ready.has(instance)) this.#stop(instance);
  }
}

function pauseMs(attempt: number): number {
  return Math.min(WARM_MAX_PAUSE_MS, WARM_PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
}
