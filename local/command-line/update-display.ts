import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { paint } from "../../operator/terminal/output.ts";
import { nameOf, typeOf } from "../provider/requests.ts";
import { diagnosticOf } from "../pulumi/diagnostics.ts";
import type { Change, UpdateResult } from "../pulumi/update.ts";

const PROGRESS_MS = 1_000;
/** Names shown of what is under way. */
const SHOWN_NAMES = 3;
/** More lines than these nobody reads: the tree is there for whoever asks. */
const SHOWN_CHANGES = 20;
const MARKS: Readonly<Record<string, readonly [mark: string, past: string]>> = {
  create: ["+", "created"],
  update: ["~", "updated"],
  replace: ["+-", "replaced"],
  delete: ["-", "deleted"],
  same: [" ", "unchanged"],
  read: [">", "read"],
};

/** Tells how an update goes: what is under way, what the program says, and at the end what has changed. */
export class UpdateDisplay {
  readonly #out: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  readonly #running = new Set<string>();
  #done = 0;
  #told = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    // An update that throws ends the process, though nobody ended the display.
    this.#timer = setInterval(() => this.#progress(), PROGRESS_MS).unref();
  }

  show(event: EngineEvent): void {
    const [begun, ended] = [event.resourcePreEvent?.metadata, event.resOutputsEvent?.metadata];
    if (begun && String(begun.op) !== "same") this.#running.add(begun.urn);
    if (ended && this.#running.delete(ended.urn)) this.#done += 1;
    if (event.resOpFailedEvent) this.#running.delete(event.resOpFailedEvent.metadata.urn);
    for (const { severity, message } of diagnosticOf(event)) {
      // Errors are told at the end, all of them, where nobody misses one.
      if (severity === "warning") this.#out.write(`${paint("yellow", "warning", this.#out)}: ${message}\n`);
      else if (severity.startsWith("info")) this.#out.write(`${paint("dim", message, this.#out)}\n`);
    }
  }

  /** @param isShown Pulumi's own display has told of the changes. */
  end({ changes, changeSummary, errors }: UpdateResult, isShown: boolean): void {
    clearInterval(this.#timer);
    if (isShown) return;
    const shown = changes.filter(({ op, urn }) => op in MARKS && !isComponent(urn));
    if (shown.length <= SHOWN_CHANGES) for (const change of shown) this.#out.write(`${line(change)}\n`);
    const counts = Object.entries(MARKS).flatMap(([op, [, past]]) =>
      changeSummary[op] === undefined ? [] : [`${changeSummary[op]} ${past}`],
    );
    if (errors.length > 0) counts.push(`${errors.length} failed`);
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    this.#out.write(`${counts.join(", ") || "Nothing to do"} (${seconds} s)\n`);
    if (shown.length > SHOWN_CHANGES) this.#out.write("npm run up -- --tree shows each of them.\n");
  }

  #progress(): void {
    if (this.#done === this.#told) return;
    this.#told = this.#done;
    const names = [...this.#running].filter((urn) => !isComponent(urn)).map((urn) => nameOf({ urn }));
    const under = names.length === 0 ? "" : `, under way: ${names.slice(0, SHOWN_NAMES).join(", ")}`;
    const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
    this.#out.write(`${paint("dim", `  … ${this.#done} resources${under}${more}`, this.#out)}\n`);
  }
}

function line({ op, urn }: Change): string {
  return `${MARKS[op]?.[0]} ${nameOf({ urn })}  ${typeOf({ urn })}`;
}

/** Types of components begin with a name of the program's own, and those of the stack with the engine's. */
function isComponent(urn: string): boolean {
  return /^(platform|pulumi):/.test(typeOf({ urn }));
}
