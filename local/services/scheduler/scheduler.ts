import type { Kernel, Part } from "../../kernel/contract.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import { type Clock, SteadyClock } from "../pubsub/clock.ts";
import type { PubSub } from "../pubsub/contract.ts";
import { Timetable } from "../pubsub/timetable.ts";
import { callTarget, type Outcome } from "./http-target.ts";
import { backoffMs, JOB_KIND, type Job, parseJob, triesAgain } from "./job.ts";
import { type JobRecord, JobRecords } from "./job-records.ts";
import { nextRun } from "./schedule.ts";

const LOG = "cloudscheduler.googleapis.com/executions";
const LOG_TYPE = "type.googleapis.com/google.cloud.scheduler.logging";

export interface SchedulerOptions {
  readonly clock?: Clock;
}

/** A job as `jobs list` shows it. Times are RFC 3339. */
export interface JobStatus {
  readonly name: string;
  readonly state: "ENABLED" | "PAUSED";
  readonly schedule: string;
  readonly timeZone: string;
  readonly target: string;
  readonly nextRun: string | null;
  readonly lastAttempt: string | null;
  readonly lastOutcome: string | null;
}

/** A run of a job, with its retries. */
interface Execution {
  readonly job: Job;
  readonly scheduledAt: number;
  readonly startedAt: number;
  failures: number;
}

/**
 * Cloud Scheduler: runs jobs by their cron schedules, in their time zones, with retries. A time that
 * passed while the cloud was down is not made up for, and a job that still runs is not started again.
 */
export class Scheduler implements Part {
  readonly name = "scheduler";
  readonly #kernel: Kernel;
  readonly #run: Pick<CloudRun, "post">;
  readonly #pubsub: Pick<PubSub, "publish">;
  readonly #clock: Clock;
  readonly #records: JobRecords;
  readonly #timetable: Timetable;
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<string, Execution>();
  readonly #attempts = new Set<Promise<unknown>>();
  readonly #stopped = new AbortController();
  #unsubscribe: (() => void) | undefined;

  constructor(
    kernel: Kernel,
    { run, pubsub }: { readonly run: Pick<CloudRun, "post">; readonly pubsub: Pick<PubSub, "publish"> },
    { clock = new SteadyClock() }: SchedulerOptions = {},
  ) {
    this.#kernel = kernel;
    this.#run = run;
    this.#pubsub = pubsub;
    this.#clock = clock;
    this.#records = new JobRecords(kernel.db);
    this.#timetable = new Timetable(clock, (error) =>
      kernel.logging.write({
        severity: "ERROR",
        source: this.name,
        message: `A job failed to start: ${error}`,
      }),
    );
  }

  async start(): Promise<void> {
    const { resources } = this.#kernel;
    for (const { id } of resources.list(JOB_KIND)) this.#follow(id);
    this.#unsubscribe = resources.subscribe((kind, id) => {
      if (kind === JOB_KIND) this.#follow(id);
    });
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#timetable.close();
    this.#stopped.abort(new Error("The local cloud stops."));
    await Promise.all(this.#attempts);
  }

  list(): readonly JobStatus[] {
    return [...this.#jobs.values()].map((job) => {
      const last = this.#records.find(job.id);
      const next = job.isPaused ? undefined : nextRun(job.schedule, job.timeZone, this.#clock.now());
      return {
        name: job.name,
        state: job.isPaused ? "PAUSED" : "ENABLED",
        schedule: job.schedule,
        timeZone: job.timeZone,
        target: job.target.kind === "http" ? `${job.target.method} ${job.target.uri}` : job.target.topic,
        nextRun: next === undefined ? null : new Date(next).toISOString(),
        lastAttempt: last ? new Date(last.attemptedAt).toISOString() : null,
        lastOutcome: last ? last.detail : null,
      };
    });
  }

  /** Runs a job now, paused or not, once. `undefined` where no job has this name. */
  async runNow(name: string): Promise<Outcome | undefined> {
    const job = [...this.#jobs.values()].find((candidate) => candidate.name === name);
    return job && this.#track(this.#attempt(job, this.#clock.now()));
  }

  #follow(id: string): void {
    const resource = this.#kernel.resources.get(JOB_KIND, id);
    this.#timetable.clear(`retry ${id}`);
    this.#running.delete(id);
    if (!resource) {
      this.#jobs.delete(id);
      this.#timetable.clear(id);
      // Last: it fails on a full disk, and the job must have stopped by then.
      this.#records.forget(id);
      return;
    }
    const job = parseJob(resource);
    this.#jobs.set(id, job);
    this.#expect(job);
  }

  #expect(job: Job): void {
    this.#timetable.clear(job.id);
    if (job.isPaused) return;
    const due = nextRun(job.schedule, job.timeZone, this.#clock.now());
    if (due === undefined) return;
    this.#timetable.set(job.id, due, () => {
      this.#expect(job);
      this.#start(job, due);
    });
  }

  #start(job: Job, scheduledAt: number): void {
    if (this.#running.has(job.id)) {
      this.#say(job, "NOTICE", `${job.name} still runs, and is not started again.`, {});
      return;
    }
    const execution = { job, scheduledAt, startedAt: this.#clock.now(), failures: 0 };
    this.#running.set(job.id, execution);
    void this.#track(this.#try(execution));
  }

  async #try(execution: Execution): Promise<void> {
    const { job, scheduledAt, startedAt } = execution;
    const { ok } = await this.#attempt(job, scheduledAt);
    // Changed or deleted meanwhile: its retries are no longer wanted.
    if (this.#running.get(job.id) !== execution) return;
    execution.failures += 1;
    const pauseMs = backoffMs(job.retry, execution.failures);
    const now = this.#clock.now();
    if (ok || !triesAgain(job.retry, execution.failures, now + pauseMs - startedAt)) {
      this.#running.delete(job.id);
      return;
    }
    this.#timetable.set(`retry ${job.id}`, now + pauseMs, () => void this.#track(this.#try(execution)));
  }

  /** Never throws: what goes wrong is the outcome. */
  async #attempt(job: Job, scheduledAt: number): Promise<Outcome> {
    const url = job.target.kind === "http" ? { url: job.target.uri } : { pubsubTopic: job.target.topic };
    const about = { jobName: job.id, targetType: job.target.kind === "http" ? "HTTP" : "PUB_SUB", ...url };
    const scheduledTime = new Date(scheduledAt).toISOString();
    this.#say(job, "INFO", `${job.name} started.`, {
      "@type": `${LOG_TYPE}.AttemptStarted`,
      ...about,
      scheduledTime,
    });
    const attemptedAt = this.#clock.now();
    const outcome = await this.#deliver(job, scheduledAt).catch(
      (error: unknown): Outcome => ({ ok: false, status: null, detail: `INTERNAL: ${messageOf(error)}` }),
    );
    this.#record(job, { attemptedAt, ok: outcome.ok, detail: outcome.detail });
    this.#say(
      job,
      outcome.ok ? "INFO" : "ERROR",
      `${job.name} ${outcome.ok ? "succeeded" : "failed"}: ${outcome.detail}`,
      {
        "@type": `${LOG_TYPE}.AttemptFinished`,
        ...about,
        ...(!outcome.ok && { status: outcome.detail.split(/[ :]/)[0], debugInfo: outcome.detail }),
      },
    );
    return outcome;
  }

  /** Only the list needs it: no job ends over it. */
  #record(job: Job, record: JobRecord): void {
    try {
      this.#records.write(job.id, record);
    } catch (error) {
      this.#say(job, "ERROR", `The last attempt of ${job.name} could not be stored: ${messageOf(error)}`, {});
    }
  }

  async #deliver(job: Job, scheduledAt: number): Promise<Outcome> {
    const { target } = job;
    if (target.kind === "http") {
      const { signal } = this.#stopped;
      return callTarget(this.#kernel, this.#run, job, target, { scheduledAt, signal });
    }
    // As Scheduler's own agent, which may publish wherever its role on the project says: everywhere in it.
    const { data, attributes } = target;
    const messageId = this.#pubsub.publish(target.topic, { data, attributes: { ...attributes } });
    return { ok: true, status: null, detail: `published as message ${messageId}` };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const done = () => void this.#attempts.delete(tracked);
    const tracked = work.then(done, done);
    this.#attempts.add(tracked);
    return work;
  }

  #say(job: Job, severity: "INFO" | "NOTICE" | "ERROR", message: string, fields: object): void {
    this.#kernel.logging.write({
      severity,
      source: this.name,
      message,
      logName: LOG,
      resource: {
        type: "cloud_scheduler_job",
        labels: { project_id: job.project, location: job.location, job_id: job.name },
      },
      ...fields,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
