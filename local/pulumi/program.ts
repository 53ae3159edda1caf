import { Console } from "node:console";
import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";

/** A program that waits for what it makes takes minutes; one that takes longer waits for nothing. */
const END_DEADLINE_MS = 30 * 60_000;

/** What the SDK has for programs that are run apart from an engine, and its declarations leave out. */
const SDK = pulumi.runtime as unknown as { _setIsDryRun(isDryRun: boolean): void };

/** Where in the program a resource is made. */
export interface Origin {
  /** Its number in the order of construction. */
  readonly order: number;
  /** `FILE:LINE`, the file relative to the project's folder if it is in there. */
  readonly at?: string;
}

interface Twin {
  readonly urn: string;
  readonly message: string;
}

/**
 * A Pulumi program that runs in this process, as the Automation API's inline programs do. Each run is one of its own,
 * though what the entry imports is loaded once: importing anything but the entry registers nothing.
 */
export class Program {
  /** Where Pulumi.yaml is. */
  readonly folder: string;
  /** Where the entry is: relative paths of the program start there. */
  readonly directory: string;
  readonly #entry: string;
  readonly #isAlwaysDry: boolean;
  static #runs = 0;
  #origins = new Map<string, Origin>();
  #twice: Twin[] = [];

  /**
   * @param isAlwaysDry Whether it is told that it is previewed, also where the engine makes what it says: so that it
   *   neither waits nor refuses for the sake of a cloud.
   * @throws {Failure} when there is no such project or entry.
   */
  constructor(folder: string, isAlwaysDry = false) {
    this.folder = folder;
    this.#isAlwaysDry = isAlwaysDry;
    this.#entry = entryOf(folder);
    this.directory = dirname(this.#entry);
  }

  /** Of the newest run, by URN. */
  get origins(): ReadonlyMap<string, Origin> {
    return this.#origins;
  }

  /** What the newest run registered a second time under the same name, type and parent. */
  get registeredTwice(): readonly Twin[] {
    return this.#twice;
  }

  /** To be run by the engine. Returns the stack's outputs. */
  async run(): Promise<Record<string, unknown>> {
    this.#origins = new Map();
    this.#twice = [];
    this.#watch();
    Program.#runs += 1;
    if (this.#isAlwaysDry) SDK._setIsDryRun(true);
    process.chdir(this.directory);
    // Standard output is for what a command answers, which scripts read.
    globalThis.console = new Console(process.stderr, process.stderr);
    // Another query is another module: the entry runs again.
    const entry = pathToFileURL(this.#entry);
    entry.searchParams.set("run", String(Program.#runs));
    const onExit = (code: number) => this.#tellExit(code);
    process.once("exit", onExit);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `${relative(this.folder, this.#entry)}: the program did not come to its end within ${END_DEADLINE_MS / 60_000} minutes.`;
      timer = setTimeout(() => reject(new pulumi.RunError(why)), END_DEADLINE_MS);
    });
    try {
      return { ...((await Promise.race([import(entry.href), late])) as object) };
    } finally {
      clearTimeout(timer);
      process.off("exit", onExit);
    }
  }

  /** A program that ends the process ends its command too, before that has told anything. */
  #tellExit(code: number): void {
    if (code === EXIT.interrupted) return;
    const entry = relative(this.folder, this.#entry);
    process.stderr.write(
      `error: ${entry}: the program ended its process (process.exit(${code})) and left the rest undone; nothing was changed. To end it with an error, throw one.\n`,
    );
    process.exitCode = EXIT.failed;
  }

  /**
   * Registrations arrive as their inputs become known, and the SDK overlooks a module's own frames: what is made
   * where, and in which order, only its construction tells.
   */
  #watch(): void {
    const origins = this.#origins;
    const types = new WeakMap<object, string>();
    let order = 0;
    const stack = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::`;
    pulumi.runtime.registerStackTransformation(({ resource, type, name, opts }) => {
      const parent = opts.parent && types.get(opts.parent);
      const qualified = parent === undefined ? type : `${parent}$${type}`;
      types.set(resource, qualified);
      const urn = `${stack}${qualified}::${name}`;
      const isTwin = origins.has(urn);
      const at = placeIn(this.folder);
      const origin = { order, ...(at !== undefined && { at }) };
      order += 1;
      // Of two, the second is the mistake.
      origins.set(urn, origin);
      if (isTwin) {
        const message = `Resource "${name}" (${type}): the program registers it twice; names must be unique among resources of a type and parent.`;
        this.#twice.push({ urn, message });
        // The engine would end at it, and may take it up before what was made before it: that would not be judged.
        throw new pulumi.RunError(message);
      }
      return undefined;
    });
  }
}

/** Reads `main` of Pulumi.yaml, a file or a folder, as Pulumi does. */
function entryOf(folder: string): string {
  const project = join(folder, "Pulumi.yaml");
  let main: unknown;
  try {
    ({ main } = parse(readFileSync(project, "utf8")) as { main?: unknown });
  } catch (error) {
    throw new Failure(`There is no project in ${folder}: ${project} cannot be read.`, 1, { cause: error });
  }
  const path = join(folder, typeof main === "string" ? main : "");
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new Failure(`${project}: main must be a file or folder; there is none at ${path}.`);
  }
  return found.isDirectory() ? join(path, "index.ts") : path;
}

/** The line of the program's own that makes the resource of the stack as it is now. */
function placeIn(folder: string): string | undefined {
  const frames = framesHere();
  // This file is in the repository too, as its program is.
  const isOfProgram = ({ file }: Frame) =>
    file.startsWith(`${folder}/`) && !file.includes("/node_modules/") && file !== import.meta.filename;
  const own = frames.filter(isOfProgram);
  const first = frames.findIndex(isOfProgram);
  // Called by the SDK itself, it is the `super(…)` of a class of the program's: the next one makes the resource.
  const isClass = /\/@pulumi\/pulumi\//.test(frames[first - 1]?.file ?? "");
  const frame = isClass && own.length > 1 ? own[1] : own[0];
  return frame && `${relative(folder, frame.file)}:${frame.line}`;
}

interface Frame {
  readonly file: string;
  readonly line: number;
}

function framesHere(): readonly Frame[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  try {
    return (new Error().stack ?? "").split("\n").flatMap((text): readonly Frame[] => {
      const [, file, line] = /((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/.exec(text) ?? [];
      if (file === undefined || line === undefined) return [];
      return [{ file: file.startsWith("file:") ? fileURLToPath(file) : file, line: Number(line) }];
    });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
