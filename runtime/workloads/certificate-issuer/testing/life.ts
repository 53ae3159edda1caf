export interface Crash {
  /** The number of the external call, from 1. */
  readonly at: number;
  /** Whether the call still took effect. */
  readonly when: "before" | "after";
}

/**
 * The life of one process. At its crash, and ever after, no call of its ports comes back: as in a
 * process that was killed, nothing runs any more, not even what would clean up.
 */
export class Life {
  readonly died: Promise<"died">;
  readonly #crash: Crash | undefined;
  #die: () => void = () => undefined;
  #calls = 0;
  #isDead = false;

  constructor(crash?: Crash) {
    this.#crash = crash;
    this.died = new Promise((resolve) => {
      this.#die = () => resolve("died");
    });
  }

  async around<T>(call: () => Promise<T>): Promise<T> {
    const number = ++this.#calls;
    if (this.#isDead) return forever();
    if (number === this.#crash?.at && this.#crash.when === "before") return this.#end();
    const result = await call();
    if (this.#isDead) return forever();
    if (number === this.#crash?.at) return this.#end();
    return result;
  }

  /** The same port, whose every method is a call that can be the last. */
  wrap<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.around(async () => Reflect.apply(value, target, args));
      },
    });
  }

  #end(): Promise<never> {
    this.#isDead = true;
    this.#die();
    return forever();
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}
