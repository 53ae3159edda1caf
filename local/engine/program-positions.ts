import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { ORDER_URI } from "./origin.ts";

interface Frame {
  readonly uri: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Has the SDK say of each resource where the program makes it, and as which. The SDK looks for the place in
 * the text of a stack, in which it overlooks modules' own code and takes the file URLs of ES modules for paths;
 * and registrations arrive as their inputs become known, so that their order says nothing.
 */
export function tellPositions(sdkPath: string): void {
  const { Resource } = createRequire(sdkPath)("@pulumi/pulumi/resource") as {
    Resource: { stackTrace: (skip: number) => readonly Frame[] };
  };
  let constructed = 0;
  Resource.stackTrace = () => {
    constructed += 1;
    return [...programFrames(), { uri: ORDER_URI, line: constructed, column: 1 }];
  };
}

/** Frames of the program's own files, the one that makes the resource first. */
function programFrames(): readonly Frame[] {
  const sites = callSites().filter((site) => site.getFileName() !== import.meta.url);
  const first = sites.findIndex(isOfProgram);
  const frames = sites.filter(isOfProgram).map(frameOf);
  // Called by the SDK itself, it is the `super(…)` of a class of the program's: the next one makes the resource.
  const isClass = /[/\\]@pulumi[/\\]pulumi[/\\]/.test(sites[first - 1]?.getFileName() ?? "");
  return isClass && frames.length > 1 ? frames.slice(1) : frames;
}

function isOfProgram(site: NodeJS.CallSite): boolean {
  const file = site.getFileName() ?? "";
  return site.getLineNumber() !== null && file !== "" && !/^node:|[/\\]node_modules[/\\]/.test(file);
}

function frameOf(site: NodeJS.CallSite): Frame {
  const file = site.getFileName() ?? "";
  return {
    uri: file.startsWith("file:") ? file : pathToFileURL(file).href,
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 1,
  };
}

function callSites(): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error;
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  Error.prepareStackTrace = (_, sites) => sites;
  try {
    return new Error().stack as unknown as readonly NodeJS.CallSite[];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (before === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Object.defineProperty(Error, "prepareStackTrace", before);
  }
}
