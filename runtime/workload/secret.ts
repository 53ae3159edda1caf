import { inspect } from "node:util";

const MASK = "[secret]";

/** A value that no log line, error text, JSON or inspection can show. `reveal()` is the one way to it. */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
