import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Socket } from "node:net";

const POLL_MS = 250;
/** As /proc/net writes them: little-endian words in hexadecimal. */
const LOOPBACK = /^(00000000|[0-9A-F]{6}7F|0{32}|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;
const LOCAL_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;

type Connect = (this: Socket, ...args: readonly unknown[]) => Socket;

/**
 * Everything that this process and its descendants connect to beyond this machine: what this one
 * does is seen call by call; of others, on Linux, what the kernel lists four times a second.
 */
export class OutgoingConnections {
  readonly #seen = new Set<string>();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #connect = Socket.prototype.connect;
  #polls = 0;

  constructor() {
    const { connect } = Socket.prototype as unknown as { connect: Connect };
    const seen = this.#seen;
    const watched: Connect = function (...args) {
      this.on("connectionAttempt", (address: string, port: number) => {
        if (!LOCAL_ADDRESS.test(address)) seen.add(`process ${process.pid} to ${address}:${port}`);
      });
      return connect.call(this, ...args);
    };
    Object.assign(Socket.prototype, { connect: watched });
    if (process.platform === "linux") this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  /** @returns each process and destination, and how often the kernel was asked. */
  stop(): { readonly beyond: readonly string[]; readonly polls: number } {
    clearInterval(this.#timer);
    Object.assign(Socket.prototype, { connect: this.#connect });
    return { beyond: [...this.#seen], polls: this.#polls };
  }

  #poll(): void {
    this.#polls += 1;
    const remotes = remoteAddresses();
    for (const pid of family()) {
      for (const inode of socketsOf(pid)) {
        const remote = remotes.get(inode);
        if (remote) this.#seen.add(`process ${pid} to ${remote}`);
      }
    }
  }
}

/** Remote addresses beyond this machine by the inode of the socket. */
function remoteAddresses(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const protocol of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const line of read(`/proc/net/${protocol}`).split("\n").slice(1)) {
      const [, , remote = "", , , , , , , inode = ""] = line.trim().split(/\s+/);
      const [address = ""] = remote.split(":");
      if (address !== "" && !LOOPBACK.test(address)) found.set(inode, `${protocol} ${remote}`);
    }
  }
  return found;
}

/** This process and all that descend from it. */
function family(): readonly string[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => [pid, /\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1]] as const);
  const members = [String(process.pid)];
  for (const member of members)
    members.push(...parents.filter(([, parent]) => parent === member).map(([pid]) => pid));
  return members;
}

function socketsOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

/** Nothing of a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
