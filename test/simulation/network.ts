import { AcmeProblem } from "../../runtime/certificates/acme/acme-problem.ts";
import { CaUnavailable } from "../../runtime/certificates/acme/certificate-authority.ts";
import type { Clock } from "../../runtime/workload/clock.ts";
import { DeadlineExceeded } from "../../runtime/workload/deadline.ts";
import type { HttpReply, OutgoingRequest } from "../../runtime/workload/send-request.ts";
import type { Transport } from "../../runtime/workload/transport.ts";
import type { Life } from "../../runtime/workloads/certificate-issuer/testing/life.ts";

export const DEPENDENCIES = ["ca", "storage", "pubsub", "kms", "fastly"] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

/** Of all calls of a dependency, from 0 to 1. */
export interface FaultRates {
  /** Refused with 503, or a connection that breaks before anything is done. */
  readonly errors: number;
  /** No answer in time: of half of them the call was done all the same. */
  readonly timeouts: number;
  /** Done, and the connection broke before the answer. */
  readonly lostReplies: number;
}

export const NO_FAULTS: FaultRates = { errors: 0, timeouts: 0, lostReplies: 0 };

type Send = (url: string | URL, request: OutgoingRequest) => Promise<HttpReply>;
type Fault = "error" | "timeout" | "lost reply";

/** How a dependency's failures look from the caller's side. */
interface Failures<T> {
  readonly deadlineMs: number;
  readonly refused: () => T;
  readonly broken: () => Error;
  readonly late: () => Error;
}

const CA_DEADLINE_MS = 30_000;

/**
 * Between a process and what it calls: everything takes a while, and fails as often as is set, by the
 * choices of one seed. What is on the other side is called by the host's first label, `storage.sim`.
 */
export class SimulatedNetwork {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #servers: Readonly<Partial<Record<Dependency, Send>>>;
  readonly #latencyMs: number;
  readonly rates = new Map<Dependency, FaultRates>();
  /** Dependencies that answer nobody. */
  readonly down = new Set<Dependency>();
  /** How often each fault was met. */
  readonly met: Record<Fault, number> = { error: 0, timeout: 0, "lost reply": 0 };
  calls = 0;

  constructor(
    clock: Clock,
    random: () => number,
    servers: Readonly<Partial<Record<Dependency, Send>>>,
    latencyMs = 40,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#servers = servers;
    this.#latencyMs = latencyMs;
  }

  failEverywhere(rates: FaultRates): void {
    for (const dependency of DEPENDENCIES) this.rates.set(dependency, rates);
  }

  /** A process's way out. */
  transport(life?: Life): Transport {
    const send: Send = (target, request) => {
      const url = new URL(target);
      const dependency = url.hostname.split(".")[0] as Dependency;
      const serve = this.#servers[dependency];
      if (!serve) throw new Error(`There is no ${url.hostname} in this world.`);
      const failures: Failures<HttpReply> = {
        deadlineMs: request.deadlineMs,
        refused: () => ({ status: 503, headers: {}, body: Buffer.from("{}") }),
        broken: () => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
        late: () => new DeadlineExceeded(`${request.method} ${url}`, request.deadlineMs),
      };
      const pass = () => this.#pass(dependency, failures, request.signal, () => serve(url, request));
      return life ? life.around(pass) : pass();
    };
    return { send, clock: this.#clock };
  }

  /** A port whose every method is a call of `dependency`, except `local` ones. */
  over<Port extends object>(
    dependency: Dependency,
    port: Port,
    { life, local = [] }: { readonly life?: Life | undefined; readonly local?: readonly string[] } = {},
  ): Port {
    const failures: Failures<never> = {
      deadlineMs: CA_DEADLINE_MS,
      refused: () => {
        throw new AcmeProblem({ type: "urn:ietf:params:acme:error:serverInternal", detail: "Busy" }, 503);
      },
      broken: () => new CaUnavailable("The connection broke"),
      late: () => new CaUnavailable("There was no answer in time"),
    };
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function" || local.includes(String(name))) return value;
        return (...args: unknown[]) => {
          const call = async () => Reflect.apply(value, target, args);
          const pass = () => this.#pass(dependency, failures, undefined, call);
          return life ? life.around(pass) : pass();
        };
      },
    });
  }

  async #pass<T>(
    dependency: Dependency,
    { deadlineMs, refused, broken, late }: Failures<T>,
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    this.calls++;
    const fault = this.#faultOf(dependency);
    if (fault) this.met[fault]++;
    const isEven = fault !== undefined && this.#random() < 0.5;
    await this.#clock.sleep(this.#latency(), signal);
    if (fault === "error") {
      if (isEven) return refused();
      throw broken();
    }
    if (fault === undefined || fault === "lost reply" || isEven) {
      const result = call();
      if (fault === undefined) {
        await this.#clock.sleep(this.#latency(), signal);
        return result;
      }
      await result.catch(() => undefined);
    }
    if (fault === "lost reply") throw broken();
    await this.#clock.sleep(deadlineMs, signal);
    throw late();
  }

  #faultOf(dependency: Dependency): Fault | undefined {
    if (this.down.has(dependency)) return "error";
    const { errors, timeouts, lostReplies } = this.rates.get(dependency) ?? NO_FAULTS;
    const chance = this.#random();
    if (chance < errors) return "error";
    if (chance < errors + timeouts) return "timeout";
    return chance < errors + timeouts + lostReplies ? "lost reply" : undefined;
  }

  #latency(): number {
    return this.#latencyMs * (0.5 + this.#random());
  }
}
