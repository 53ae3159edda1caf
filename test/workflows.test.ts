import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { REPOSITORY } from "../local/kernel/place.ts";
import { MARKER } from "../review/comment/markdown.ts";

const ROOT = new URL("..", import.meta.url);
const WORKFLOWS = globSync(".github/workflows/*.yml", { cwd: ROOT }).sort();
const ACTIONS = globSync(".github/actions/*/action.yml", { cwd: ROOT }).sort();
const TOKEN_USERS = /^(google-github-actions\/auth|actions\/attest-build-provenance)@/;

interface Step {
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly environment?: string;
  readonly steps?: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean | string };
  readonly "timeout-minutes"?: number;
}
interface Workflow {
  readonly on: string | Readonly<Record<string, unknown>>;
  readonly permissions?: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

const textOf = (file: string) => readFileSync(new URL(file, ROOT), "utf8");
const workflowOf = (file: string) => parse(textOf(file)) as Workflow;
const jobs = WORKFLOWS.flatMap((file) =>
  Object.entries(workflowOf(file).jobs).map(
    ([name, job]) => [`${file.replace(/^.*\//, "")} ${name}`, job] as const,
  ),
);
/** A job's steps, those of this repository's own actions among them. */
function stepsOf({ steps = [] }: Pick<Job, "steps">): readonly Step[] {
  return steps.flatMap((step) => {
    const own = /^\.\/(\.github\/actions\/[^/]+)$/.exec(step.uses ?? "")?.[1];
    if (own === undefined) return [step];
    const action = parse(textOf(`${own}/action.yml`)) as { readonly runs: Pick<Job, "steps"> };
    return [step, ...stepsOf(action.runs)];
  });
}

test.each([...WORKFLOWS, ...ACTIONS])(
  "%s calls others' actions by full commit alone, and says which version that is",
  (file) => {
    const called = textOf(file)
      .split("\n")
      .filter((line) => /^\s*(- )?uses:/.test(line) && !line.includes("uses: ./"));
    for (const line of called) expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  },
);

test("calls each action at one version everywhere", () => {
  const called = [...WORKFLOWS, ...ACTIONS].flatMap(
    (file) => textOf(file).match(/uses: [^.\s]\S+@[0-9a-f]{40} # v\S+/g) ?? [],
  );
  const names = new Set(called.map((use) => use.replace(/@.*/, "")));
  expect(new Set(called).size).toBe(names.size);
});

test.each(WORKFLOWS)(
  "%s runs for no stranger's pull request with what is ours, and grants nothing to all of its jobs",
  (file) => {
    const { on, permissions } = workflowOf(file);
    const events = typeof on === "string" ? [on] : Object.keys(on);
    expect(
      events.filter((event) => !["pull_request", "push", "schedule", "workflow_dispatch"].includes(event)),
    ).toEqual([]);
    expect(permissions).toEqual({});
  },
);

test.each(jobs)(
  "%s ends in time, says what it may do, and asks for a token only where one is used",
  (_name, job) => {
    expect(job["timeout-minutes"]).toBeGreaterThan(0);
    expect(job.permissions).toBeDefined();
    const usesToken = stepsOf(job).some(({ uses = "" }) => TOKEN_USERS.test(uses));
    expect(job.permissions?.["id-token"]).toBe(usesToken ? "write" : undefined);
  },
);

test.each(jobs)(
  "%s writes nothing here while it has what opens the cloud, or runs code of a pull request",
  (_name, job) => {
    const { "id-token": _, attestations: __, ...others } = job.permissions ?? {};
    const runsOurCode = stepsOf(job).some(({ uses = "" }) => uses.startsWith("actions/checkout@"));
    if (runsOurCode || job.permissions?.["id-token"]) expect(others).toEqual({ contents: "read" });
    else expect(Object.keys(others)).toHaveLength(1);
  },
);

test.each(jobs)(
  "%s leaves no token of GitHub's behind, and puts nobody's words into a script",
  (_name, job) => {
    for (const { uses = "", run = "", with: inputs = {} } of stepsOf(job)) {
      if (uses.startsWith("actions/checkout@"))
        expect(inputs).toMatchObject({ "persist-credentials": false });
      expect(`${run}${inputs.script ?? ""}`).not.toContain("${{");
    }
  },
);

test("previews only what is of this repository itself, by its number", () => {
  const { preview, comment } = workflowOf(".github/workflows/preview.yml").jobs;
  expect(preview?.if).toBe(
    "github.event.pull_request.head.repo.id == github.event.pull_request.base.repo.id",
  );
  expect(preview?.concurrency).toMatchObject({ "cancel-in-progress": true });
  expect(comment?.permissions).toEqual({ "pull-requests": "write" });
});

test("uploads of a preview what was made of it, and never what Pulumi printed", () => {
  const uploads = jobs
    .filter(([name]) => name.startsWith("preview.yml"))
    .flatMap(([, job]) => stepsOf(job))
    .filter(({ uses = "" }) => uses.startsWith("actions/upload-artifact@"));
  expect(uploads.map(({ with: inputs }) => inputs?.path)).toEqual([
    "comment/review.md\ncomment/review.html\n",
  ]);
});

test("finds the comment that it wrote before by what a review begins with", () => {
  const { comment } = workflowOf(".github/workflows/preview.yml").jobs;
  const script = stepsOf(comment ?? {})
    .flatMap(({ with: inputs }) => inputs?.script ?? [])
    .join("");
  expect(script).toContain(`const MARKER = "${MARKER}";`);
  expect(script).toContain("github.paginate");
});

test("deploys dev, then prod, each within its own environment, what was built once, and never ends an update half-way", () => {
  const { build, dev, prod } = workflowOf(".github/workflows/deploy.yml").jobs;
  expect(workflowOf(".github/workflows/deploy.yml").on).toMatchObject({
    push: { branches: ["main"] },
    workflow_dispatch: { inputs: { refresh: { type: "boolean", default: false } } },
  });
  expect([dev?.needs, dev?.environment, prod?.needs, prod?.environment]).toEqual([
    "build",
    "dev",
    "dev",
    "prod",
  ]);
  for (const [name, job] of Object.entries({ dev, prod })) {
    expect(job?.concurrency).toEqual({ group: `up-${name}`, "cancel-in-progress": false });
    const runs = stepsOf(job ?? {}).flatMap(({ run }) => run ?? []);
    const expected = runs.indexOf("npm run bundles -- --expect bundles/bundles.json");
    const up = /^pulumi up --stack "\$STACK" --yes --non-interactive \$\{REFRESH:\+--refresh\}$/;
    expect(expected).toBeGreaterThanOrEqual(0);
    expect(runs.findIndex((run) => up.test(run))).toBeGreaterThan(expected);
  }
  expect(build?.environment).toBeUndefined();
});

test("deploys no commit that does not come after what the stack has had, and no failing answer for none", async () => {
  const { dev, prod } = workflowOf(".github/workflows/deploy.yml").jobs;
  for (const job of [dev, prod]) {
    const runs = stepsOf(job ?? {}).flatMap(({ run }) => run ?? []);
    const [checkout] = stepsOf(job ?? {});
    expect(checkout?.with).toMatchObject({ "fetch-depth": 0 });
    expect(runs.findIndex((run) => run.startsWith("pulumi up "))).toBe(
      runs.findIndex((run) => run.includes("merge-base")) + 1,
    );
  }
  const guard = stepsOf(dev ?? {}).find(({ run = "" }) => run.includes("merge-base"))?.run ?? "";
  const folder = await mkdtemp(join(tmpdir(), "guard-"));
  const env = {
    PATH: `${join(REPOSITORY, ".local", "bin")}:${process.env.PATH}`,
    HOME: folder,
    PULUMI_HOME: folder,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    STACK: "dev",
  };
  const bash = (script: string, GITHUB_SHA = "") =>
    spawnSync("bash", ["-eo", "pipefail", "-c", script], {
      cwd: folder,
      env: { ...env, GITHUB_SHA },
      encoding: "utf8",
      timeout: 60_000,
    });
  const commit = "git -c user.name=a -c user.email=a@example.com commit --quiet --allow-empty -m x";
  const { stdout, stderr } = bash(
    `git init --quiet .; for _ in 1 2; do ${commit}; git rev-parse HEAD; done; printf 'name: p\\nruntime: nodejs\\n' > Pulumi.yaml`,
  );
  const [older = "", newer = ""] = stdout.split("\n");
  expect({ newer, stderr }).toEqual({ newer: expect.stringMatching(/^[0-9a-f]{40}$/), stderr: "" });

  expect(bash(guard, older).status).not.toBe(0);
  bash("pulumi stack init dev --non-interactive");
  for (const sha of [older, newer]) expect(bash(guard, sha)).toMatchObject({ status: 0 });
  const refused = bash(guard, older);
  expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining(`dev has had ${newer}`) });
  await rm(folder, { recursive: true });
}, 120_000);

test("goes back, within the stack's own environment, to nothing but what main has had", () => {
  const { rollback } = workflowOf(".github/workflows/rollback.yml").jobs;
  expect(rollback?.environment).toMatch(/^\$\{\{ inputs\.stack \}\}$/);
  // Deployments' groups keep one job waiting, and end it for the next.
  expect(rollback?.concurrency?.group).toBe(`rollback-${rollback?.environment}`);
  expect(rollback?.concurrency?.["cancel-in-progress"]).toBe(false);
  const [first = "", ...others] = stepsOf(rollback ?? {}).flatMap(({ run }) => run ?? []);
  expect(first).toBe('git merge-base --is-ancestor "$COMMIT" HEAD');
  expect(others.some((run) => run.startsWith("npm run rollback -- "))).toBe(true);
});

test("tells the dashboard what was deployed before it looks whether that works", () => {
  const { dev } = workflowOf(".github/workflows/deploy.yml").jobs;
  const runs = stepsOf(dev ?? {}).flatMap(({ run }) => run ?? []);
  expect(runs.slice(-3).map((run) => /^(?:npm run|pulumi) \w+/.exec(run)?.[0])).toEqual([
    "pulumi up",
    "npm run annotate",
    "npm run smoke",
  ]);
});

test("is guarded, as the guide has it, by each job that a pull request runs", () => {
  const [, named = ""] = /^.*Protect `main`: (.*) must pass\.$/m.exec(textOf("docs/delivery.md")) ?? [];
  const run = WORKFLOWS.map(workflowOf).flatMap(({ on, jobs: ofEvent }) =>
    on === "pull_request" || (typeof on === "object" && "pull_request" in on) ? Object.keys(ofEvent) : [],
  );
  expect([...named.matchAll(/`(\w+)`/g)].map(([, job]) => job).sort()).toEqual(run.sort());
});

test("leaves out a stack that nothing was made for yet", () => {
  const { dev, prod } = workflowOf(".github/workflows/deploy.yml").jobs;
  expect([dev?.if, prod?.if]).toEqual(["vars.PROJECT_DEV != ''", "vars.PROJECT_PROD != ''"]);
  const logins = ["preview", "drift"].flatMap((name) =>
    Object.values(workflowOf(`.github/workflows/${name}.yml`).jobs)
      .flatMap(stepsOf)
      .filter(({ uses = "", run = "" }) => /google-github-actions\/auth@/.test(uses) || /^pulumi /.test(run)),
  );
  expect(logins.map((step) => step.if)).toEqual([
    "vars.PROJECT_DEV != ''",
    "vars.PROJECT_DEV != ''",
    "vars.PROJECT_PROD != ''",
    "vars.PROJECT_PROD != ''",
    "env.PROJECT != ''",
    "env.PROJECT != ''",
  ]);
});

test("runs only commands that there are, and the engine that this machine runs too", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Readonly<Record<string, string>> };
  const texts = [...WORKFLOWS, ...ACTIONS].map(textOf).join("\n");
  const called = [...texts.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name);
  expect(called.filter((name) => scripts[name] === undefined)).toEqual([]);
  const [, engine] = /pulumi\/pulumi\/pkg\/v3 v(\S+)/.exec(textOf("local/pulumi/cli/go.mod")) ?? [];
  expect(texts.match(/pulumi-version: \S+/g)).toEqual([`pulumi-version: ${engine}`]);
});
