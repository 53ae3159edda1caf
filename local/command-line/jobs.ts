import { Failure } from "../../operator/terminal/failure.ts";
import { paint, printJson, table } from "../../operator/terminal/output.ts";
import { control, requireCloud } from "../daemon/cloud-process.ts";
import type { Outcome } from "../services/scheduler/http-target.ts";
import type { JobStatus } from "../services/scheduler/scheduler.ts";

/** An attempt's longest deadline, and a little. */
const RUN_DEADLINE_MS = 31 * 60_000;
/** What Pulumi adds to a name. */
const AUTONAMED = /^-[0-9a-f]{7}$/;

interface Options {
  readonly stateDir: string;
  readonly json?: boolean;
}

export async function listJobs({ stateDir, json }: Options): Promise<void> {
  const { ports } = await requireCloud(stateDir);
  const jobs = await fetchJobs(ports.control);
  if (json) {
    printJson({ jobs });
    return;
  }
  if (jobs.length === 0) {
    process.stdout.write("There is no job.\n");
    return;
  }
  const rows = jobs.map(({ name, state, schedule, timeZone, nextRun, lastAttempt, lastOutcome }) => [
    name,
    state,
    `${schedule} (${timeZone})`,
    nextRun ?? "",
    lastAttempt === null ? "" : `${lastAttempt} ${lastOutcome}`,
  ]);
  process.stdout.write(`${table([["JOB", "STATE", "SCHEDULE", "NEXT RUN", "LAST ATTEMPT"], ...rows])}\n`);
}

/** @param name of a job, or what the program calls it: `nightly` of `nightly-4f1a2b3`. */
export async function runJob(name: string, { stateDir, json }: Options): Promise<void> {
  const { ports } = await requireCloud(stateDir);
  const jobs = await fetchJobs(ports.control);
  const found =
    jobs.find((job) => job.name === name) ??
    jobs.find((job) => job.name.startsWith(`${name}-`) && AUTONAMED.test(job.name.slice(name.length)));
  if (!found) {
    throw new Failure(
      `There is no job ${name}; there is ${jobs.map((job) => job.name).join(", ") || "none"}.`,
    );
  }
  const path = `/jobs/${encodeURIComponent(found.name)}/run`;
  const outcome = (await control(ports.control, "POST", path, RUN_DEADLINE_MS)) as Outcome;
  if (json) printJson({ job: found.name, ...outcome });
  else {
    const verdict = outcome.ok ? paint("green", "succeeded") : paint("red", "failed");
    process.stdout.write(`${found.name} ${verdict}: ${outcome.detail}\n`);
  }
  if (!outcome.ok) process.exitCode = 1;
}

/** By name: which was made first is chance. */
async function fetchJobs(port: number): Promise<readonly JobStatus[]> {
  const { jobs } = (await control(port, "GET", "/jobs")) as { jobs: readonly JobStatus[] };
  return jobs.toSorted((left, right) => left.name.localeCompare(right.name));
}
