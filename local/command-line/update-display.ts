import type { EngineEvent, Step, UpdateKind, UpdateResult } from "../engine/events.ts";
import { type PlanStyle, renderPlan, renderSummary, wantsColour } from "../engine/plan-display.ts";
import { paint } from "./output.ts";

const PROGRESS_MS = 1_000;
/** Names shown of what is under way. */
const SHOWN_NAMES = 3;

/** Tells how an update goes: what is under way, what went wrong, and at the end the tree of what changed. */
export class UpdateDisplay {
  readonly #out: NodeJS.WriteStream;
  readonly #kind: UpdateKind;
  readonly #style: Omit<PlanStyle, "colour">;
  readonly #running = new Map<string, Step>();
  #done = 0;
  #told = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(out: NodeJS.WriteStream, kind: UpdateKind, style: Omit<PlanStyle, "colour"> = {}) {
    this.#out = out;
    this.#kind = kind;
    this.#style = style;
    // An update that throws ends the process, though nobody ended the display.
    this.#timer = setInterval(() => this.#progress(), PROGRESS_MS).unref();
  }

  show(event: EngineEvent): void {
    if (event.type === "step") {
      if (event.phase === "started") {
        this.#running.set(event.step.urn, event.step);
      } else {
        this.#running.delete(event.step.urn);
        if (event.step.custom) this.#done += 1;
      }
    } else if (event.type === "log") {
      this.#out.write(`${paint("dim", event.line, this.#out)}\n`);
    } else {
      const colour = event.severity === "error" ? "red" : event.severity === "warning" ? "yellow" : "dim";
      const at = event.at === undefined ? "" : `${event.at}: `;
      this.#out.write(`${paint(colour, event.severity, this.#out)}: ${at}${event.message}\n`);
    }
  }

  end({ ok, steps, mistakes, recorded, durationMs }: UpdateResult): void {
    clearInterval(this.#timer);
    // What went wrong before the first step has been told.
    if (!ok && mistakes === 0 && !steps.some(({ custom }) => custom)) return;
    const colour = wantsColour(this.#out, process.env);
    const plan = renderPlan(steps, { ...this.#style, colour });
    if (plan !== "") this.#out.write(`${plan}\n`);
    const summary = renderSummary({ steps, mistakes }, this.#kind, { colour });
    this.#out.write(`${summary} (${(durationMs / 1000).toFixed(1)} s)\n`);
    if (recorded.length > 0) {
      this.#out.write(`Recorded only, with no effect on this machine: ${recorded.join(", ")}.\n`);
    }
  }

  #progress(): void {
    if (this.#done === this.#told) return;
    this.#told = this.#done;
    const names = [...this.#running.values()].filter(({ custom }) => custom).map(({ name }) => name);
    const under = names.length === 0 ? "" : `, under way: ${names.slice(0, SHOWN_NAMES).join(", ")}`;
    const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
    this.#out.write(`${paint("dim", `  … ${this.#done} resources${under}${more}`, this.#out)}\n`);
  }
}
