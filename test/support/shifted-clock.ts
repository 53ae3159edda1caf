import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A clock that a test sets, for Node processes that are started with `env` and for all that they start:
 * their `Date` is the machine's, shifted. Timers and the steady clock go on as they are, as on a
 * machine whose clock is set.
 */
export class ShiftedClock implements Disposable {
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "clock-"));
    const [offset, preload, node] = ["offset", "preload.cjs", "node"].map((name) => join(this.#folder, name));
    writeFileSync(offset ?? "", "0");
    writeFileSync(preload ?? "", preloadOf(offset ?? "", node ?? ""));
    // Instances get an environment of their own, so that they are reached through the path of Node.
    writeFileSync(node ?? "", `#!/bin/sh\nexec '${process.execPath}' --require '${preload}' "$@"\n`);
    chmodSync(node ?? "", 0o755);
    this.env = { NODE_OPTIONS: `--require ${preload}` };
  }

  /** From the machine's own time. */
  set(offsetMs: number): void {
    writeFileSync(join(this.#folder, "offset"), String(offsetMs));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function preloadOf(offsetFile: string, node: string): string {
  return `
const { readFileSync } = require("node:fs");
const RealDate = Date;
let offset = 0;
let lookedAt = -Infinity;
function now() {
  const steady = performance.now();
  if (steady - lookedAt > 20) {
    lookedAt = steady;
    offset = Number(readFileSync(${JSON.stringify(offsetFile)}, "utf8"));
  }
  return RealDate.now() + offset;
}
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
process.execPath = ${JSON.stringify(node)};
`;
}
