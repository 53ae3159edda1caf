import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { EXIT, Failure } from "../../../operator/terminal/failure.ts";
import { interruptible } from "../../../operator/terminal/interruptible.ts";
import { printJson } from "../../../operator/terminal/output.ts";
import type { Knowledge } from "../../../review/changes/knowledge.ts";
import { type Review, reviewOf } from "../../../review/changes/review.ts";
import { toHtml } from "../../../review/comment/html.ts";
import { toMarkdown } from "../../../review/comment/markdown.ts";
import type { Subject } from "../../../review/comment/words.ts";
import { judgePolicies } from "../../../review/policies/policies.ts";
import { readPreview, type StackPreview } from "../../../review/preview/stack-preview.ts";
import type { Rehearsal } from "../../../review/rehearsal/rehearsal.ts";
import { absoluteStateDir, type Place } from "../../kernel/place.ts";
import { programFolder } from "../../pulumi/local-stack.ts";
import { holdingOf } from "../../pulumi/offline-providers.ts";
import { Program } from "../../pulumi/program.ts";
import { stacksOf } from "../stack-config.ts";
import { claimStateFolder } from "../state-folder.ts";
import { checkOutBase, commitOf } from "./base-revision.ts";
import { compareStack } from "./compare.ts";
import { rehearse } from "./rehearsal/rehearse.ts";
import { tellRehearsal } from "./rehearsal/tell-rehearsal.ts";
import { tellReview } from "./tell-review.ts";

const EXIT_USAGE = 2;
const SETTLE_SECONDS = 120;

export interface ReviewOptions extends Place {
  readonly cwd?: string;
  readonly stack?: readonly string[];
  readonly preview?: readonly string[];
  readonly commit?: string;
  readonly rehearse?: boolean;
  /** Seconds. */
  readonly settle?: number;
  readonly keep?: boolean;
  readonly markdown?: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** Says what an update would do, of two revisions that are compared here, or of previews that were made elsewhere. */
export async function review(base: string | undefined, options: ReviewOptions): Promise<void> {
  if ((base === undefined) === (options.preview === undefined)) {
    throw new Failure("Either a base to compare with must be given, or --preview with files.", EXIT_USAGE);
  }
  if (options.rehearse && base === undefined) {
    throw new Failure("A rehearsal begins with a base: npm run review -- BASE --rehearse.", EXIT_USAGE);
  }
  const at = new Date();
  const made = await interruptible((signal) =>
    base === undefined ? given(options) : compared(base, options, signal),
  );
  if (made.interrupted) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  const { previews, rehearsal, ...subject } = made.result;
  const reviewed = { ...reviewOf(previews, knowledgeAt(at)), ...(rehearsal && { rehearsal }) };
  write(reviewed, { ...subject, at: at.toISOString() }, options);
  const fails = reviewed.stacks.some(({ errors }) => errors.length > 0);
  if (fails || rehearsal?.isClean === false) process.exitCode = EXIT.failed;
}

interface Made extends Omit<Subject, "at"> {
  readonly previews: readonly StackPreview[];
  readonly rehearsal?: Rehearsal;
}

async function given({ preview = [], commit }: ReviewOptions): Promise<Made> {
  const previews = preview.map((file) => {
    try {
      return readPreview(readFileSync(resolve(file), "utf8"), basename(file, ".json"));
    } catch (error) {
      // What a file of another shape holds is not shown: it may be a state, secrets and all.
      const why = error instanceof Error ? error.message : String(error);
      throw new Failure(`${file}: ${why}`, EXIT.failed, { cause: error });
    }
  });
  return { previews, ...(commit !== undefined && { commit }) };
}

async function compared(name: string, options: ReviewOptions, signal: AbortSignal): Promise<Made> {
  const stateDir = absoluteStateDir(options.stateDir);
  const program = new Program(programFolder(options.cwd));
  const known = stacksOf(program.folder);
  const unknown = (options.stack ?? []).find((stack) => !known.includes(stack));
  if (unknown !== undefined) {
    throw new Failure(`A stack must be one of ${known.join(", ")}; got "${unknown}".`);
  }
  claimStateFolder(stateDir);
  const base = await checkOutBase(stateDir, name, program.folder);
  if (base.hasOtherPackages) {
    say(`${name} asks for other packages than are installed: it runs with those that are.`);
  }
  const previews: StackPreview[] = [];
  for (const stack of options.stack ?? known) {
    if (signal.aborted) break;
    say(`Comparing ${stack} with ${name} (${base.commit.slice(0, 12)}) …`);
    previews.push(await compareStack({ stateDir, stack, base, program, signal }));
  }
  const commit = options.commit ?? (await commitOf("HEAD", program.folder));
  const shown = `${name} (${base.commit.slice(0, 12)})`;
  if (!options.rehearse || signal.aborted) return { previews, base: shown, commit };
  const rehearsal = await rehearse({
    base: { name: shown, folder: base.folder },
    head: { name: "the program as it is", folder: program.folder },
    stateDir,
    settleSeconds: options.settle ?? SETTLE_SECONDS,
    keep: options.keep ?? false,
    say,
    signal,
  });
  return { previews, rehearsal, base: shown, commit };
}

function knowledgeAt(now: Date): Knowledge {
  return {
    holdingOf,
    policiesOf: (graph) => judgePolicies(graph, now),
    sizeOf(asset) {
      const { path } = (asset ?? {}) as { path?: unknown };
      return typeof path === "string" ? statSync(path, { throwIfNoEntry: false })?.size : undefined;
    },
  };
}

function write(reviewed: Review, subject: Subject, { markdown, html, json }: ReviewOptions): void {
  if (markdown !== undefined) writeFileSync(resolve(markdown), toMarkdown(reviewed, subject));
  if (html !== undefined) writeFileSync(resolve(html), toHtml(reviewed, subject));
  if (json) printJson(digestOf(reviewed));
  else {
    tellReview(reviewed);
    if (reviewed.rehearsal) process.stdout.write(`\n${tellRehearsal(reviewed.rehearsal)}`);
  }
}

/** For scripts: each thing to read by itself. */
function digestOf({ stacks, mustRead, workloads, policies, rehearsal }: Review) {
  return {
    stacks: stacks.map((stack) => ({
      ...stack,
      workloads: workloads
        .filter((each) => each.stack === stack.stack)
        .map(({ urn, outcome, settings, code }) => ({ urn, outcome, settings, code })),
    })),
    mustRead: mustRead.flatMap(({ stack, urn, kind, sentence, more }) =>
      [{ urn, kind, sentence }, ...more].map((each) => ({
        stack,
        urn: each.urn,
        kind: each.kind,
        sentence: each.sentence,
      })),
    ),
    policies,
    ...(rehearsal && { rehearsal }),
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
