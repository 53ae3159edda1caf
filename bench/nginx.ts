import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const START_DEADLINE_MS = 5_000;
const POLL_MS = 20;

/** nginx with one worker, as one instance of Cloud Run is one process; files by host, as the challenge bucket has them. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  /** Whether the machine has it: `nginx` on the PATH. */
  static isInstalled(): boolean {
    return spawnSync("nginx", ["-v"], { stdio: "ignore" }).status === 0;
  }

  /** @param root what is served: `HOST/PATH`. @param folder for its own files. */
  static async start(root: string, folder: string, port: number): Promise<Nginx> {
    mkdirSync(join(folder, "temporary"), { recursive: true });
    const config = join(folder, "nginx.conf");
    writeFileSync(config, configOf(root, folder, port));
    const child = spawn("nginx", ["-c", config, "-p", folder, "-e", join(folder, "error.log")], {
      stdio: "inherit",
    });
    const nginx = new Nginx(child, port);
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await accepts(port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await nginx[Symbol.asyncDispose]();
        throw new Error(`nginx did not listen on port ${port}; see ${folder}/error.log.`);
      }
      await delay(POLL_MS);
    }
    return nginx;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || !this.#process.kill("SIGTERM")) return;
    await once(this.#process, "exit");
  }
}

function configOf(root: string, folder: string, port: number): string {
  const temporary = join(folder, "temporary");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    master_process off;
    pid ${join(folder, "nginx.pid")};
    events { worker_connections 1024; }
    http {
      access_log off;
      sendfile on;
      keepalive_requests 1000000000;
      default_type text/plain;
      ${paths.map((path) => `${path}_temp_path ${temporary};`).join("\n")}
      server {
        listen 127.0.0.1:${port};
        root ${root}/$host;
      }
    }`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
