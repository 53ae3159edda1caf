import { writeSync } from "node:fs";

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** A Jest reporter: ends a run with the one line that scripts read, behind Jest's own summary. */
export default class ClosingLine {
  onRunComplete(_contexts: unknown, totals: Totals): void {
    // A suite that could not be loaded has no failed test of its own.
    const failed = totals.numFailedTests + totals.numRuntimeErrorTestSuites;
    // Jest's summary comes after every reporter.
    process.once("exit", () => writeSync(1, `${totals.numPassedTests} passed, ${failed} failed\n`));
  }
}
