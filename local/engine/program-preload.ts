import util from "node:util";

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
