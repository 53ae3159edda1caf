import { createHash, createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace, type PulumiCommand, Stack } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { checkpointFile } from "./checkpoint.ts";
import type { Exported } from "./given-export.ts";
import { LOCAL_STACK, PROJECT } from "./local-stack.ts";
import { removeOldRecords } from "./old-records.ts";
import type { Program } from "./program.ts";
import { PulumiCli, runCli } from "./pulumi-cli.ts";

/** Packages to ports on 127.0.0.1. */
export type ProviderPorts = Readonly<Record<string, number>>;

/** Configuration as Pulumi hands it on: full keys, text as it stands, all else as JSON. */
export interface Settings {
  readonly values: Readonly<Record<string, string>>;
  /** Keys whose values are encrypted, and never shown. */
  readonly secretKeys: readonly string[];
}

/**
 * A folder of our own from which Pulumi's CLI works on a stack, in a file backend of our own: a user's logins and
 * settings are not ours to touch, and the passphrase provider writes a salt into the settings file beside the project.
 */
export class Workspace {
  readonly stack: string;
  readonly #stateDir: string;
  readonly #folder: string;
  readonly #backend: string;

  /** @param backend the folder of the stacks. @default that of the state folder */
  constructor(stateDir: string, stack: string, folder: string, backend = backendOf(stateDir)) {
    this.#stateDir = stateDir;
    this.stack = stack;
    this.#folder = folder;
    this.#backend = backend;
  }

  /** The one of the local stack, where `npm run pulumi` works too. */
  static local(stateDir: string, stack: string): Workspace {
    return new Workspace(stateDir, stack, join(backendOf(stateDir), "workspace"));
  }

  get folder(): string {
    return this.#folder;
  }

  /** The stack's configuration, with its secrets encrypted. */
  get settingsFile(): string {
    return join(this.#folder, `Pulumi.${this.stack}.yaml`);
  }

  /** Whether the stack was ever made. */
  get hasStack(): boolean {
    return existsSync(checkpointFile(this.#backend, this.stack));
  }

  /** For Pulumi's CLI, ours or a user's own. */
  environment(providers: ProviderPorts = {}): Readonly<Record<string, string>> {
    return {
      ...this.#settingsOnly(),
      PULUMI_DEBUG_PROVIDERS: Object.entries(providers)
        .map(([name, port]) => `${name}:${port}`)
        .join(","),
    };
  }

  #settingsOnly(): Readonly<Record<string, string>> {
    return {
      PULUMI_HOME: this.#home,
      PULUMI_BACKEND_URL: `file://${this.#backend}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: keyFile(this.#stateDir),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Nothing leaves this machine: what no attached provider serves is an error.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      // Each backup is the whole state, and nobody would ever remove one. The one before stays, `STACK.json.bak`.
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
    };
  }

  get #home(): string {
    return join(backendOf(this.#stateDir), "home");
  }

  /** Makes folder and stack where they are missing, and has the stack's settings say what they should. */
  async prepare(program: Program, settings: Settings): Promise<void> {
    for (const folder of [this.#folder, this.#backend]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    ensureKey(this.#stateDir);
    const runtime = { name: "nodejs", options: { typescript: false } };
    const project = { name: PROJECT, runtime, main: program.directory };
    writeWhole(join(this.#folder, "Pulumi.yaml"), stringify(project));
    if (!this.hasStack) await this.run(["stack", "init", this.stack, "--no-select"]);
    await this.#configure(settings);
  }

  /** The CLI with our settings and without a program. @throws {CliFailure} */
  run(args: readonly string[], input?: string, providers?: ProviderPorts): ReturnType<typeof runCli> {
    const env = providers ? this.environment(providers) : this.#settingsOnly();
    return runCli([...args, "--non-interactive"], { cwd: this.#folder, env, input });
  }

  /** Puts another's state in the place of this stack's. Its secrets, which are open, become encrypted as ours are. */
  async import({ version, deployment }: Exported): Promise<void> {
    const { encryptionsalt } = parse(readFileSync(this.settingsFile, "utf8")) as { encryptionsalt: string };
    const ours = { type: "passphrase", state: { salt: encryptionsalt } };
    const text = JSON.stringify({ version, deployment: { ...deployment, secrets_providers: ours } });
    await this.run(["stack", "import", "--stack", this.stack], text);
  }

  /**
   * The stack as the Automation API has it.
   * @param flags for `up` and `preview`, beyond what the API has options for
   */
  async open(program: Program, providers: ProviderPorts, flags: readonly string[]): Promise<Stack> {
    removeOldRecords(this.#backend, this.#home, this.stack);
    const workspace = await LocalWorkspace.create({
      workDir: this.#folder,
      program: () => program.run(),
      pulumiCommand: new PulumiCli(flags) as unknown as PulumiCommand,
      envVars: { ...this.environment(providers) },
    });
    return Stack.select(this.stack, workspace);
  }

  /** Encrypting takes a start of the CLI: what it wrote is good for as long as the configuration stays the same. */
  async #configure({ values, secretKeys }: Settings): Promise<void> {
    const file = this.settingsFile;
    const mark = join(this.#folder, `.${this.stack}-configured`);
    const wanted = createHmac("sha256", readFileSync(keyFile(this.#stateDir)))
      .update(JSON.stringify([Object.entries(values).sort(), [...secretKeys].sort()]))
      .digest("hex");
    if (existsSync(file) && existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
    rmSync(mark, { force: true });
    // Keys that are gone must go. The salt must stay: it belongs to the passphrase.
    const { encryptionsalt } = existsSync(file)
      ? ((parse(readFileSync(file, "utf8")) ?? {}) as { encryptionsalt?: string })
      : {};
    writeWhole(file, encryptionsalt === undefined ? "" : stringify({ encryptionsalt }));
    const open = Object.entries(values).filter(([key]) => !secretKeys.includes(key));
    const pairs = open.flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
    await this.run(["config", "set-all", "--stack", this.stack, ...pairs]);
    for (const key of secretKeys) {
      const value = values[key];
      // On standard input: arguments are everybody's to read.
      if (value !== undefined)
        await this.run(["config", "set", key, "--secret", "--stack", this.stack], value);
    }
    writeWhole(mark, wanted);
  }
}

/** Pulumi's file backend and its home. */
export function backendOf(stateDir: string): string {
  return join(stateDir, "pulumi");
}

/** The passphrase that encrypts secrets in state. */
export function keyFile(stateDir: string): string {
  return join(stateDir, "key");
}

/** @throws {Failure} when it is not the one that the stack's secrets are encrypted with. */
function ensureKey(stateDir: string): void {
  const file = keyFile(stateDir);
  const mark = join(backendOf(stateDir), ".key.sha256");
  const sumOf = (key: Buffer) => createHash("sha256").update(key).digest("hex");
  const sum = existsSync(file) ? sumOf(readFileSync(file)) : undefined;
  const isRight = sum !== undefined && (!existsSync(mark) || readFileSync(mark, "utf8") === sum);
  if (!isRight && existsSync(checkpointFile(backendOf(stateDir), LOCAL_STACK))) {
    throw new Failure(
      `The key ${file}, with which the secrets in the stack's state are encrypted, ${sum === undefined ? "is gone" : "is another one"}: bring it back, or start over with npm run down -- --purge.`,
      EXIT.stateUnusable,
    );
  }
  if (sum === undefined) writeWhole(file, `${randomBytes(32).toString("base64")}\n`);
  writeWhole(mark, sumOf(readFileSync(file)));
}

/** For its owner alone, and whole or not at all. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}
