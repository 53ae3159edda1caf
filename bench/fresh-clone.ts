import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { claimPorts } from "../local/kernel/claim-ports.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import type { Figure, Measurement } from "./measurement.ts";

const UP_DEADLINE_MS = 20 * 60_000;
const KEPT_LINES = 50;

/** What `up` says when a part of it has ended, in the order in which the parts come. */
const PARTS = [
  { name: "set-up, all of it at once", ends: /^Starting the local cloud/ },
  { name: "start of the cloud", ends: /^The local cloud is up/ },
  { name: "deployment", ends: /^hello\.example\.test, the first domain:/ },
  { name: "first certificate, to its page over TLS", ends: /^https:\/\/hello\.example\.test\/ is served/ },
] as const;
/** Downloads and builds, at the same time; each says itself how long it took. */
const SETUP_PARTS = [
  { name: "dependencies (npm)", took: /^Installing dependencies .*: done in (\d+) s/ },
  { name: "Pebble (go install)", took: /^Building Pebble.*: done in (\d+) s/ },
  { name: "Pulumi's CLI (go build, or its own download)", took: /^\w+ Pulumi's CLI.*: done in (\d+) s/ },
] as const;

export const freshClone: Measurement = {
  name: "fresh-clone",
  description:
    "git clone and npm run up with a HOME and caches of their own, to the first served certificate",
  conditions:
    "once; what is committed; downloads some 600 MB by this machine's npm registry and Go proxy, so it runs only when named",
  onlyWhenNamed: true,
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), "bench-fresh-"));
    const clone = join(folder, "clone");
    const place = ["--state-dir", join(folder, "state")];
    const env = freshEnvironment(folder);
    try {
      const startedAt = performance.now();
      const git = spawnSync("git", ["clone", "--quiet", REPOSITORY, clone], { encoding: "utf8" });
      if (git.status !== 0) throw new Error(`git clone failed: ${git.stderr}`);
      const marks = [startedAt, performance.now()];
      const setup: Figure[] = [];
      const { ports, control } = await claimPorts("any");
      await new Promise((resolve) => control.close(resolve));
      await npmRun(
        ["up", "--", ...place, "--port-base", String(ports.control), "--json"],
        clone,
        env,
        (line) => {
          say(line);
          for (const { name, took } of SETUP_PARTS) {
            const [, seconds] = took.exec(line) ?? [];
            if (seconds !== undefined) setup.push({ name: `    ${name}`, value: Number(seconds), unit: "s" });
          }
          if (PARTS[marks.length - 2]?.ends.test(line)) marks.push(performance.now());
        },
      );
      return [...figuresOf(marks, performance.now()), ...setup];
    } finally {
      await npmRun(["down", "--", ...place], clone, env, say).catch((error: unknown) => say(String(error)));
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function figuresOf(marks: readonly number[], endedAt: number): readonly Figure[] {
  if (marks.length !== PARTS.length + 2) {
    throw new Error(`up did not say when "${PARTS[marks.length - 2]?.name}" had ended.`);
  }
  const seconds = marks.slice(1).map((at, index) => (at - (marks[index] ?? 0)) / 1000);
  const total = (endedAt - (marks[0] ?? 0)) / 1000;
  const setup = (seconds[0] ?? 0) + (seconds[1] ?? 0);
  return [
    { name: "fresh clone to the first certificate", value: total, unit: "s", aim: 240 },
    { name: "of it, not downloads or builds", value: total - setup, unit: "s", aim: 45 },
    ...["git clone", ...PARTS.map(({ name }) => name)].map(
      (name, index): Figure => ({ name: `  ${name}`, value: seconds[index] ?? 0, unit: "s" }),
    ),
  ];
}

/** No cache, no settings and no program of this checkout; where npm and Go download from stays as it is here. */
function freshEnvironment(folder: string): NodeJS.ProcessEnv {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) && !/^(GO|NODE_|INIT_CWD|XDG_)/.test(name),
  );
  const path = (process.env.PATH ?? "").split(delimiter).filter((entry) => !entry.startsWith(REPOSITORY));
  return {
    ...Object.fromEntries(inherited),
    PATH: path.join(delimiter),
    HOME: home,
    npm_config_cache: join(folder, "npm-cache"),
    npm_config_registry: ask("npm", ["config", "get", "registry"]),
    GOPROXY: ask("go", ["env", "GOPROXY"]),
    GOSUMDB: ask("go", ["env", "GOSUMDB"]),
    GOPATH: join(folder, "go"),
    GOCACHE: join(folder, "go-build"),
    // Otherwise nobody may remove what is in the cache.
    GOFLAGS: "-modcacherw",
  };
}

function ask(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
  return stdout.trim();
}

/** Tells of each line as it comes. @throws with the last of them when the script fails. */
function npmRun(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", ["run", "--silent", ...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: UP_DEADLINE_MS,
    });
    const kept: string[] = [];
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => {
        kept.push(line);
        if (kept.length > KEPT_LINES) kept.shift();
        onLine(line);
      });
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`npm run ${args[0]} ended with ${signal ?? code}:\n${kept.join("\n")}`));
    });
  });
}
