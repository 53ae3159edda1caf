import { writeSync } from "node:fs";

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** Ends a run with the one line that scripts read, behind Jest's own summary. Jest takes a reporter by its default export. */
export default class ClosingLineReporter {
  onRunComplete(_contexts: unknown, totals: Totals): void {
    // A suite that could not be loaded has no failed test of its own.
    const failed = totals.numFailedTests + totals.numRuntimeErrorTestSuites;
    // Jest's summary comes after every reporter.
    process.once("exit", () => writeSync(1, `${totals.numPassedTests} passed, ${failed} failed\n`));
  }
}
