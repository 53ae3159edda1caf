// Makes a fresh clone ready, once, and then runs a command on the Node that the lockfile pins.
// Free of dependencies: it runs on whatever Node a machine has, before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(fileURLToPath(import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
/** The Node that the lockfile pins. */
const NODE = join(BIN, "node");
const LOCAL = join(ROOT, ".local");
/** Compiled code of the programs below, and TypeScript without its types: reading it is what a start costs otherwise. */
const COMPILED = join(ROOT, "node_modules", ".cache", "compiled");
/** Programs beside npm's: Pulumi's CLI, the local CA and the linter of workflows. Shared by all state folders. */
const PROGRAMS = join(LOCAL, "bin");
const PEBBLE = "v2.10.1";
const PEBBLE_COMMANDS = ["pebble", "pebble-challtestsrv"];
/** Reads GitHub's workflows. */
const ACTIONLINT = "v1.7.12";
/** What is built where the machine has none; pinned with all that it needs in `go.mod` and `go.sum` there. */
const PULUMI_MODULE = join(ROOT, "local", "pulumi", "cli");
const PULUMI = join(PROGRAMS, process.platform === "win32" ? "pulumi.exe" : "pulumi");
/** Whence Pulumi's Automation API installs the CLI. */
const PULUMI_INSTALLER = "https://get.pulumi.com";
const PROBE_DEADLINE_MS = 3_000;
const MIN_NODE = 20;
const SETUP_DEADLINE_MS = 30 * 60_000;
const EXIT_MISSING_TOOL = 69;

/** What the sources use and Node calls experimental is no news to whoever runs their tests, whatever process tells it. */
const QUIET = {
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --disable-warning=ExperimentalWarning`.trim(),
};

/** What runs what: Jest, with the fast tests or the long ones, the checks, the measurements, and the command line for all the rest. */
const COMMANDS = {
  test: {
    program: ["--experimental-vm-modules", "--no-warnings", "node_modules/jest/bin/jest.js"],
    needs: ["pebble", "pulumi"],
    env: QUIET,
  },
  "test:deep": {
    program: [
      "--experimental-vm-modules",
      "--no-warnings",
      "node_modules/jest/bin/jest.js",
      "--config=jest.deep.config.js",
    ],
    needs: ["pebble", "pulumi"],
    env: QUIET,
  },
  check: { program: ["local/command-line/check.ts"], needs: ["actionlint"] },
  conformance: { program: ["--disable-warning=ExperimentalWarning", "test/conformance/main.ts"] },
  bundles: { program: ["components/bundling/main.ts"] },
  bench: {
    program: ["--disable-warning=ExperimentalWarning", "bench/main.ts"],
    needs: ["pebble", "pulumi"],
  },
};
/** What commands of the command line need of {@link TOOLS}; all others need none. */
const COMMAND_NEEDS = {
  up: ["pebble", "pulumi"],
  preview: ["pulumi"],
  golden: ["pulumi"],
  grants: ["pulumi"],
  review: ["pulumi"],
  pulumi: ["pulumi"],
  rollback: ["pulumi"],
};
const COMMAND_LINE = ["--disable-warning=ExperimentalWarning", "local/command-line/main.ts"];

/** Steps under way. */
const running = new Set();

function fail(sentence, code = 1) {
  for (const child of running) child.kill();
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < MIN_NODE) {
    fail(
      `Node.js ${MIN_NODE} or newer is needed; this is ${process.version}. Install it from nodejs.org.`,
      EXIT_MISSING_TOOL,
    );
  }
}

/** @param wanted `MAJOR.MINOR.PATCH`, at least. */
function checkGo(wanted, what) {
  const advice = `Install Go ${wanted} or newer from go.dev, then run this again.`;
  const { stdout, error } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8", cwd: LOCAL });
  if (error)
    fail(`Go is needed to build ${what}, and there is none on the PATH. ${advice}`, EXIT_MISSING_TOOL);
  const found = stdout.trim().replace(/^go/, "");
  if (!isAtLeast(found, wanted)) {
    fail(
      `Go ${wanted} or newer is needed to build ${what}; this is go${found}. ${advice}`,
      EXIT_MISSING_TOOL,
    );
  }
}

/** Compares versions by their numbers; what stands behind those says nothing. */
function isAtLeast(found, wanted) {
  const [ours, theirs] = [found, wanted].map((version) => version.split(/[.+-]/).slice(0, 3).map(Number));
  const differing = theirs.findIndex((part, index) => part !== (ours[index] || 0));
  return differing === -1 || (ours[differing] || 0) > theirs[differing];
}

/** Runs a step that takes a while, says how long, and shows its output only when it fails. */
async function step(title, command, args, { cwd = ROOT, ...env } = {}) {
  const started = Date.now();
  const took = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  say(`${title} …`);
  const beat = setInterval(() => say(`  … ${took()}`), 15_000);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (text) => {
    output = (output + text).slice(-20_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  running.add(child);
  const deadline = setTimeout(() => child.kill(), SETUP_DEADLINE_MS);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (status, signal) => resolve(status ?? signal));
  });
  running.delete(child);
  clearInterval(beat);
  clearTimeout(deadline);
  if (code !== 0) fail(`${output}\n${title} failed after ${took()} (${command} ${args.join(" ")}: ${code}).`);
  say(`${title}: done in ${took()}.`);
}

/** The lockfile that `node_modules` was made from, by hash. */
function installedMark() {
  return join(ROOT, "node_modules", ".lockfile-sha256");
}

function lockfileHash() {
  return createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
}

function isInstalled() {
  const mark = installedMark();
  return existsSync(NODE) && existsSync(mark) && readFileSync(mark, "utf8") === lockfileHash();
}

/** Of each tool, what its mark holds once it is there. */
function isMade(tool) {
  const { files, version } = TOOLS[tool];
  const mark = markOf(tool);
  return files.every(existsSync) && existsSync(mark) && readFileSync(mark, "utf8") === version();
}

function markOf(tool) {
  return join(PROGRAMS, `.${tool}-version`);
}

/** The version of a package in `package.json`, which are exact. */
function dependency(name) {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).dependencies[name];
}

/** The first that a pattern captures in the `go.mod` of Pulumi's CLI. */
function inPulumiModule(pattern) {
  return pattern.exec(readFileSync(join(PULUMI_MODULE, "go.mod"), "utf8"))[1];
}

const PULUMI_VERSION = /^\s*github\.com\/pulumi\/pulumi\/pkg\/v3 v(\S+)/m;

const TOOLS = {
  pebble: {
    files: PEBBLE_COMMANDS.map((command) => join(PROGRAMS, command)),
    version: () => PEBBLE,
    plan() {
      checkGo("1.24.0", "Pebble, the local CA");
      const modules = PEBBLE_COMMANDS.map(
        (command) => `github.com/letsencrypt/pebble/v2/cmd/${command}@${PEBBLE}`,
      );
      return () =>
        step("Building Pebble, the local CA (once)", "go", ["install", ...modules], { GOBIN: PROGRAMS });
    },
  },
  actionlint: {
    files: [join(PROGRAMS, "actionlint")],
    version: () => ACTIONLINT,
    plan() {
      checkGo("1.25.0", "actionlint, which checks GitHub's workflows");
      const module = `github.com/rhysd/actionlint/cmd/actionlint@${ACTIONLINT}`;
      return () => step("Building actionlint (once)", "go", ["install", module], { GOBIN: PROGRAMS });
    },
  },
  /** The one on the PATH where it is new enough for the SDK; or Pulumi's own download; or built from its module. */
  pulumi: {
    files: [PULUMI],
    version: () => `${dependency("@pulumi/pulumi")} ${inPulumiModule(PULUMI_VERSION)}`,
    async plan() {
      rmSync(PULUMI, { force: true });
      const found = pulumiOnPath(dependency("@pulumi/pulumi"));
      if (found !== undefined) return () => symlinkSync(found, PULUMI);
      if (await answers(PULUMI_INSTALLER)) {
        return async (installed) => {
          await installed;
          await step("Installing Pulumi's CLI (once)", NODE, [join(PULUMI_MODULE, "install.mjs"), PROGRAMS]);
          symlinkSync(join("pulumi-cli", "bin", "pulumi"), PULUMI);
        };
      }
      checkGo(inPulumiModule(/^go (\S+)/m), "Pulumi's CLI (or install that: pulumi.com/docs/install)");
      return buildPulumi;
    },
  },
};

/** Where the PATH has a CLI of this version or newer. A look at it neither reads nor writes what is the user's. */
function pulumiOnPath(wanted) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "pulumi");
    if (folder === "" || !existsSync(path)) continue;
    const env = {
      ...process.env,
      // Not where the stack's is: a state folder is no state's before a command has marked it.
      PULUMI_HOME: join(PROGRAMS, "pulumi-home"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const { stdout, status } = spawnSync(path, ["version"], { encoding: "utf8", env, timeout: 60_000 });
    if (status === 0 && isAtLeast(stdout.trim().replace(/^v/, ""), wanted)) return path;
  }
  return undefined;
}

async function answers(url) {
  try {
    await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PROBE_DEADLINE_MS) });
    return true;
  } catch {
    return false;
  }
}

async function buildPulumi() {
  const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${inPulumiModule(PULUMI_VERSION)}`;
  const draft = `${PULUMI}.draft`;
  // Unoptimised and without what debuggers read, it is there in two thirds of the time, and no slower to notice.
  const build = ["build", "-gcflags=all=-N -l -dwarf=false", `-ldflags=-s -w ${version}`, "-o", draft];
  await step(
    "Building Pulumi's CLI (once a machine)",
    "go",
    [...build, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
    { cwd: PULUMI_MODULE, CGO_ENABLED: "0", GOGC: "200" },
  );
  renameSync(draft, PULUMI);
}

/** Two set-ups at once would install into each other: the second waits for the first. */
async function withSetupLock(work) {
  mkdirSync(LOCAL, { recursive: true });
  const path = join(LOCAL, "setup.lock");
  const deadline = Date.now() + SETUP_DEADLINE_MS;
  for (let told = false; ; ) {
    try {
      // Written whole before it is there: a lock without its holder would hold for ever.
      const own = `${path}.${process.pid}`;
      writeFileSync(own, String(process.pid));
      try {
        linkSync(own, path);
      } finally {
        rmSync(own);
      }
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = holderOf(path);
      if (holder === undefined) continue;
      if (!isAlive(holder)) {
        rmSync(path, { force: true });
        continue;
      }
      if (Date.now() > deadline) fail(`Another set-up (process ${holder}) has held ${path} for too long.`);
      if (!told) say(`Another set-up (process ${holder}) is at work; waiting for it …`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  try {
    await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Nobody, if the lock has gone since. */
function holderOf(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** 0 and less are no process, but groups of them: what a lock that is empty or damaged names. */
function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Makes what is missing, all at once: downloads wait for networks, and builds for processors. */
async function setUp(needs) {
  const missing = () => needs.filter((tool) => !isMade(tool));
  if (isInstalled() && missing().length === 0) return;
  await withSetupLock(async () => {
    mkdirSync(PROGRAMS, { recursive: true });
    // What is missing on the machine is told before anything is installed.
    const plans = [];
    for (const tool of missing()) plans.push({ tool, make: await TOOLS[tool].plan() });
    const installed = isInstalled() ? undefined : install();
    await Promise.all([installed, ...plans.map((plan) => make(plan, installed))]);
  });
}

async function install() {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // Exact versions and digests as the lockfile has them. Not `npm ci`, which refuses a lockfile that
  // lacks the optional packages of platforms that its writer's registry did not offer.
  await step("Installing dependencies (once)", npm, ["install", "--no-save"]);
  // `.npmrc` lets no package run a script as it is installed, whatever npm's version; these need theirs.
  await step("Running the install scripts that are allowed", npm, [
    "rebuild",
    "--ignore-scripts=false",
    ...allowedScripts(),
  ]);
  writeFileSync(installedMark(), lockfileHash());
}

/** The packages of `allowScripts` in `package.json`, which are read before they are listed there. */
function allowedScripts() {
  const { allowScripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return Object.keys(allowScripts).filter((name) => allowScripts[name]);
}

async function make({ tool, make }, installed) {
  await make(installed);
  writeFileSync(markOf(tool), TOOLS[tool].version());
}

function run(program, args, env) {
  const child = spawn(NODE, [...program, ...args], {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      NODE_COMPILE_CACHE: COMPILED,
      ...process.env,
      ...env,
      PATH: `${BIN}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`,
    },
  });
  // The terminal sends ^C to both; the child decides when it has finished.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}

checkNode();
const [name = "", ...rest] = process.argv.slice(2);
/** Help needs no tool, nor does a review of previews that were made elsewhere. */
const needsNone = ["--help", "-h", ...(name === "review" ? ["--preview"] : [])].some((flag) =>
  rest.includes(flag),
);
const {
  program = [...COMMAND_LINE, name],
  needs = needsNone ? [] : (COMMAND_NEEDS[name] ?? []),
  env = {},
} = COMMANDS[name] ?? {};
await setUp(needs);
run(program, rest, env);
