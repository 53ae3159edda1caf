import { newEcdsaKey } from "../../../certificates/acme/account-key.ts";
import { openCertificateAuthority } from "../../../certificates/acme/acme-certificate-authority.ts";
import type {
  CertificateAuthorities,
  ListedAuthority,
} from "../../../certificates/acme/certificate-authorities.ts";
import type { DomainRecord } from "../../../certificates/registry/lifecycle.ts";
import { TestChallengeServer } from "../../../certificates/testing/challenge-server.ts";
import { type CaCall, type CaFault, FaultyCa } from "../../../certificates/testing/faulty-ca.ts";
import { TestIssuingKey } from "../../../certificates/testing/issuing-key.ts";
import { TestPebble } from "../../../certificates/testing/pebble.ts";
import type { Outcome } from "../../../workload/outcome.ts";
import { TestWorld } from "./world.ts";

/** As often as one message is delivered. */
const DELIVERIES = 10;
/** Of all messages of an order. */
const MAX_DELIVERIES = 50;
const NO_OBJECTS = { read: async () => undefined };

/** The issuer with the real client, Pebble, and a proxy before it that is at fault when a test wants that. */
export class FaultyCaWorld {
  readonly domain = "shop.example.test";
  readonly pebble: TestPebble;
  readonly proxy: FaultyCa;
  accountKey = newEcdsaKey();
  /** The clients of the process at hand, the faulty CA's first. */
  authorities: CertificateAuthorities;
  world: TestWorld;
  /** Paths of ACME orders that were to be finalised. */
  readonly finalized = new Set<string>();
  readonly #issuer: TestIssuingKey;
  readonly #challenges: TestChallengeServer;

  private constructor(
    issuer: TestIssuingKey,
    challenges: TestChallengeServer,
    pebble: TestPebble,
    proxy: FaultyCa,
    world: TestWorld,
  ) {
    this.#issuer = issuer;
    this.#challenges = challenges;
    this.pebble = pebble;
    this.proxy = proxy;
    this.world = world;
    this.authorities = [this.client()];
  }

  static async start(): Promise<FaultyCaWorld> {
    const issuer = await TestIssuingKey.create();
    const challenges = await TestChallengeServer.start(NO_OBJECTS);
    const pebble = await TestPebble.start(challenges.port);
    const proxy = await FaultyCa.start(pebble.directoryUrl);
    return new FaultyCaWorld(issuer, challenges, pebble, proxy, await TestWorld.create(issuer));
  }

  async stop(): Promise<void> {
    await Promise.all([this.world.end(), this.proxy.stop(), this.pebble.stop(), this.#challenges.stop()]);
  }

  /** Where CAs look for tokens. */
  get challengePort(): number {
    return this.#challenges.port;
  }

  /** A registered domain in a world of its own, and a process that has asked the CA nothing yet. */
  async renew(): Promise<void> {
    await this.world.end();
    this.world = await TestWorld.create(this.#issuer);
    this.#challenges.objects = this.world.challengeObjects;
    this.proxy.reset();
    this.finalized.clear();
    this.authorities = [this.client()];
    await this.world.register(this.domain);
  }

  /** A client of the faulty CA. */
  client(deadlineMs?: number): ListedAuthority {
    const ca = openCertificateAuthority({
      directoryUrl: this.proxy.directoryUrl,
      contact: "mailto:operator@example.test",
      profile: "",
      accountKey: async () => this.accountKey,
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
    return { name: "pebble", ca };
  }

  /** Does `fault` to each of a call's occurrences up to `times`. */
  fault(call: CaCall, fault: CaFault, times = 1): void {
    this.proxy.fault = (asked, occurrence, path) => {
      if (asked === "finalize") this.finalized.add(path);
      return asked === call && occurrence <= times ? fault : undefined;
    };
  }

  async deliver(): Promise<Outcome> {
    const message = { action: "issue", domain: this.domain, orderNumber: 1 } as const;
    const outcome = await this.world.deliver(message, undefined, { authorities: this.authorities });
    if (outcome === "died") throw new Error("Nothing dies here.");
    return outcome;
  }

  /** Delivers as Pub/Sub and the timer do, until the order has come to an end, or a message would be a dead letter. */
  async deliverToTheEnd(): Promise<Outcome> {
    let retries = 0;
    for (let delivery = 1; ; delivery++) {
      const outcome = await this.deliver();
      retries = outcome.kind === "retry" ? retries + 1 : 0;
      const record = await this.record();
      const isOver = record?.lifecycle !== "registered" || retries === DELIVERIES;
      if (isOver || delivery === MAX_DELIVERIES) return outcome;
      const dueMs = record.dueAt === undefined ? 0 : Date.parse(record.dueAt) - this.world.now().getTime();
      this.world.letPass(retries > 0 ? 1_000 * 2 ** Math.min(retries - 1, 6) : Math.max(0, dueMs));
    }
  }

  record(): Promise<DomainRecord | undefined> {
    return this.world.record(this.domain);
  }

  countOf(call: CaCall): number {
    return this.proxy.calls.filter((one) => one === call).length;
  }

  /** Lines that would wake the platform's operators. */
  errors(): string[] {
    return this.world.logs
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line))
      .filter(({ severity, outcome }) => severity === "ERROR" && outcome !== "retry")
      .map(({ message }) => message);
  }
}
