/** Small enough to insert into, large enough that there are few. */
const MOST_IN_RUN = 512;

/** Names in order, also when there are a million: a set that lists what comes after a name. */
export class SortedNames {
  readonly #runs: string[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param name one that is not there yet */
  add(name: string): void {
    const at = this.#runOf(name);
    const run = this.#runs[at] ?? [];
    run.splice(firstFrom(run, name), 0, name);
    this.#size++;
    if (run.length > MOST_IN_RUN) this.#runs.splice(at + 1, 0, run.splice(run.length / 2));
  }

  delete(name: string): void {
    const at = this.#runOf(name);
    const run = this.#runs[at] ?? [];
    const index = firstFrom(run, name);
    if (run[index] !== name) return;
    run.splice(index, 1);
    this.#size--;
    if (run.length === 0 && this.#runs.length > 1) this.#runs.splice(at, 1);
  }

  /** In order, from `name` on, itself included. */
  *from(name: string): Generator<string> {
    const first = this.#runOf(name);
    for (let at = first; at < this.#runs.length; at++) {
      const run = this.#runs[at] ?? [];
      for (let index = at === first ? firstFrom(run, name) : 0; index < run.length; index++) {
        yield run[index] ?? "";
      }
    }
  }

  /** The last run that starts at or before the name. */
  #runOf(name: string): number {
    let low = 0;
    let high = this.#runs.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#runs[middle]?.[0] ?? "") <= name) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The index of the first that is the name, or after it. */
function firstFrom(run: readonly string[], name: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((run[middle] ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
