// Makes a fresh clone ready, once, and then runs a command on the Node that the lockfile pins.
// Free of dependencies: it runs on whatever Node a machine has, before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(fileURLToPath(import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
/** The Node that the lockfile pins. */
const NODE = join(BIN, "node");
const LOCAL = join(ROOT, ".local");
/** Compiled code of the programs below, and TypeScript without its types: reading it is what a start costs otherwise. */
const COMPILED = join(ROOT, "node_modules", ".cache", "compiled");
const PEBBLE = "v2.10.1";
const PEBBLE_COMMANDS = ["pebble", "pebble-challtestsrv"];
const MIN_NODE = 20;
/** Pebble's own demand. */
const MIN_GO = [1, 24];
const SETUP_DEADLINE_MS = 15 * 60_000;
const EXIT_MISSING_TOOL = 69;

/** What runs what: Jest, with the fast tests or the long ones, the checks, the measurements, and the command line for all the rest. */
const COMMANDS = {
  test: {
    program: ["--experimental-vm-modules", "--no-warnings", "node_modules/jest/bin/jest.js"],
    needsCa: true,
  },
  "test:deep": {
    program: [
      "--experimental-vm-modules",
      "--no-warnings",
      "node_modules/jest/bin/jest.js",
      "--config=jest.deep.config.js",
    ],
    needsCa: true,
  },
  check: { program: ["local/command-line/check.ts"] },
  bench: { program: ["--disable-warning=ExperimentalWarning", "bench/main.ts"], needsCa: true },
};
const COMMAND_LINE = ["--disable-warning=ExperimentalWarning", "local/command-line/main.ts"];

function fail(sentence, code = 1) {
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

function checkGo() {
  const { stdout, error } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  const wanted = MIN_GO.join(".");
  if (error) {
    fail(
      `Go is needed to build Pebble, the local CA, and there is none on the PATH. Install Go ${wanted} or newer from go.dev, then run this again.`,
      EXIT_MISSING_TOOL,
    );
  }
  const [, major = 0, minor = 0] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (major < MIN_GO[0] || (Number(major) === MIN_GO[0] && minor < MIN_GO[1])) {
    fail(
      `Go ${wanted} or newer is needed to build Pebble; this is ${stdout.trim()}. Install it from go.dev.`,
      EXIT_MISSING_TOOL,
    );
  }
}

/** Runs a step that takes a while, says how long, and shows its output only when it fails. */
async function step(title, command, args, env = {}) {
  const started = Date.now();
  const took = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  say(`${title} …`);
  const beat = setInterval(() => say(`  … ${took()}`), 15_000);
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (text) => {
    output = (output + text).slice(-20_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const deadline = setTimeout(() => child.kill(), SETUP_DEADLINE_MS);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (status, signal) => resolve(status ?? signal));
  });
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

function pebblePath(command) {
  return join(LOCAL, "bin", command);
}

function pebbleMark() {
  return join(LOCAL, "bin", ".version");
}

function hasPebble() {
  return (
    PEBBLE_COMMANDS.every((command) => existsSync(pebblePath(command))) &&
    existsSync(pebbleMark()) &&
    readFileSync(pebbleMark(), "utf8") === PEBBLE
  );
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

async function setUp(needsCa) {
  if (isInstalled() && (!needsCa || hasPebble())) return;
  if (needsCa && !hasPebble()) checkGo();
  await withSetupLock(async () => {
    if (!isInstalled()) {
      const npm = process.platform === "win32" ? "npm.cmd" : "npm";
      // Exact versions and digests as the lockfile has them. Not `npm ci`, which refuses a lockfile that
      // lacks the optional packages of platforms that its writer's registry did not offer.
      await step("Installing dependencies (once)", npm, ["install", "--no-save"]);
      writeFileSync(installedMark(), lockfileHash());
    }
    if (needsCa && !hasPebble()) {
      const modules = PEBBLE_COMMANDS.map(
        (command) => `github.com/letsencrypt/pebble/v2/cmd/${command}@${PEBBLE}`,
      );
      await step("Building Pebble, the local CA (once)", "go", ["install", ...modules], {
        GOBIN: join(LOCAL, "bin"),
      });
      writeFileSync(pebbleMark(), PEBBLE);
    }
  });
}

function run(program, args) {
  const child = spawn(NODE, [...program, ...args], {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      NODE_COMPILE_CACHE: COMPILED,
      ...process.env,
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
const asksHelp = rest.includes("--help") || rest.includes("-h");
const { program = [...COMMAND_LINE, name], needsCa = name === "up" && !asksHelp } = COMMANDS[name] ?? {};
await setUp(needsCa);
run(program, rest);
