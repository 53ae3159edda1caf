import { createRequire } from "node:module";
import util from "node:util";
import { loadLazily } from "./lazy-modules.ts";
import { tellPositions } from "./program-positions.ts";

/**
 * Runs in the program before Pulumi's SDK, which tells of errors by `util.inspect` with colours on.
 * Colours are for the command line to add. And Node 24.9 does not come to an end (half a minute of
 * work, then "Invalid string length") when it colours a stack frame in the root of a scoped package,
 * `node_modules/@pulumi/resource.ts`, as the SDK's source maps name its own.
 */
const inspect = util.inspect;

function inspectPlainly(value: unknown, ...rest: readonly unknown[]): string {
  const [options, depth] = rest;
  if (typeof options === "object" && options !== null) return inspect(value, { ...options, colors: false });
  return inspect(value, { showHidden: options === true, ...(typeof depth === "number" && { depth }) });
}

util.inspect = Object.assign(inspectPlainly, inspect) as typeof util.inspect;

loadLazily();

/**
 * The SDK installs source-map-support, which maps every frame of every stack: that was a third of a
 * program's time. A program whose types are stripped in place has no use for it: its lines are the
 * source's. Installed once and taken out again, it does not install itself a second time.
 */
const sdkPath = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run");
const requireOfSdk = createRequire(sdkPath);
const { install } = requireOfSdk("source-map-support") as {
  install(options: { handleUncaughtExceptions: boolean }): void;
};
install({ handleUncaughtExceptions: false });
Reflect.deleteProperty(Error, "prepareStackTrace");

/**
 * Debug messages hold secrets in the clear, and the engine throws them away; but the SDK sends them
 * one after the other and waits for the last before it ends. So they end here.
 */
const log = requireOfSdk("@pulumi/pulumi/log") as { debug: (message: string) => Promise<void> };
log.debug = async () => undefined;

tellPositions(sdkPath);

/**
 * The SDK takes a stack for each promise that it makes, and shows it only of those that never end, and only
 * if asked to: a tenth of a program's time for nothing.
 */
const debuggable = requireOfSdk("@pulumi/pulumi/runtime/debuggable") as {
  readonly debugPromiseLeaks: boolean;
  debuggablePromise: <Value>(promise: Promise<Value>, context?: string) => Promise<Value>;
};
if (!debuggable.debugPromiseLeaks) {
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}
