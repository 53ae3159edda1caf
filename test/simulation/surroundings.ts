import type { FastlyApiOptions } from "../../runtime/certificates/fastly/fastly-api.ts";
import { TestFastly } from "../../runtime/certificates/testing/fastly.ts";
import { LeafSigner } from "../../runtime/certificates/testing/leaf-signer.ts";
import { openBuckets } from "../../runtime/google/bucket.ts";
import { type KeyWrapper, openKeyWrapper } from "../../runtime/google/key-wrapper.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";
import { openTopics, type Topic } from "../../runtime/google/publisher.ts";
import { TestKeyWrapper } from "../../runtime/google/testing/key-wrapper.ts";
import { MemoryKmsApi } from "../../runtime/google/testing/memory-kms-api.ts";
import { MemoryStorageApi } from "../../runtime/google/testing/memory-storage-api.ts";
import { createLogger } from "../../runtime/workload/logger.ts";
import { VirtualClock } from "../../runtime/workload/testing/virtual-clock.ts";
import type { Life } from "../../runtime/workloads/certificate-issuer/testing/life.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { SimulatedNetwork } from "./network.ts";
import { SimulatedPubSub } from "./pubsub.ts";
import { type CaLimits, SimulatedCa } from "./simulated-ca.ts";

const KEY = "projects/sim/locations/l/keyRings/r/cryptoKeys/k";
const TOKENS = { get: async () => "token" };

export interface SurroundingsOptions {
  readonly seed: number;
  /** How long the edge takes to show what Fastly accepted. @default 0 */
  readonly activationMs?: number;
  readonly caLimits?: CaLimits;
  readonly fastlyWritesPerHour?: number;
  /**
   * Leaves out what is between the handlers and the memory: adapters, latency, faults and deaths. For
   * simulations of years, which are about something else.
   * @default false
   */
  readonly isDirect?: boolean;
}

/**
 * Everything around the platform's processes, in memory, in a time that a seed decides about: Storage,
 * KMS, Pub/Sub, Fastly and the CA. What they do is simulated below the platform's own adapters, so that
 * those's deadlines, repetitions and preconditions are the real ones.
 */
export class Surroundings {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly storage = new MemoryStorageApi(this.clock);
  readonly fastly: TestFastly;
  readonly pubsub: SimulatedPubSub;
  readonly network: SimulatedNetwork;
  readonly ca: SimulatedCa;
  /** Lines that would wake the platform's operators. */
  readonly errors: string[] = [];
  readonly logger = createLogger(
    { K_SERVICE: "simulation", K_REVISION: "simulation-1" },
    { write: (line) => this.errors.push(line) },
  );
  protected readonly isDirect: boolean;
  readonly #activationMs: number;
  readonly #wrapper = new TestKeyWrapper();
  /** What the edge shows, and from when on. */
  readonly #shown = new Map<string, { readonly serial: string; readonly from: number }>();

  constructor(options: SurroundingsOptions) {
    const {
      seed,
      activationMs = 0,
      isDirect = false,
      caLimits,
      fastlyWritesPerHour: writesPerHour,
    } = options;
    this.random = seededRandom(seed);
    this.isDirect = isDirect;
    this.#activationMs = activationMs;
    this.logger.level = "error";
    const { now } = this.clock;
    this.fastly = new TestFastly({
      pageSize: 100,
      now,
      ...(writesPerHour !== undefined && { writesPerHour }),
    });
    this.pubsub = new SimulatedPubSub(this.clock, this.random, this.logger);
    const kms = new MemoryKmsApi();
    this.network = new SimulatedNetwork(this.clock, this.random, {
      storage: (url, request) => this.storage.send(url, request),
      kms: (url, request) => kms.send(url, request),
      pubsub: (url, request) => this.pubsub.send(url, request),
      fastly: (url, request) => this.fastly.send(url, request),
    });
    this.ca = new SimulatedCa(new LeafSigner(), this.storage.bucket("challenges"), now, caLimits);
  }

  bucket(name: string, life?: Life): ObjectStore {
    if (this.isDirect) return this.storage.bucket(name);
    return openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.sim" }, this.network.transport(life))(name);
  }

  wrapper(life?: Life): KeyWrapper {
    if (this.isDirect) return this.#wrapper;
    const transport = this.network.transport(life);
    return openKeyWrapper({ endpoint: "http://kms.sim", key: KEY, tokens: TOKENS, transport });
  }

  topic(topic: string, life?: Life): Topic {
    if (this.isDirect) {
      return { publish: async (data, attributes) => this.pubsub.publish({ topic, data, attributes }) };
    }
    const transport = this.network.transport(life);
    const open = openTopics({ PUBSUB_ENDPOINT: "http://pubsub.sim" }, { tokens: TOKENS, transport });
    return open(`projects/sim/topics/${topic}`);
  }

  fastlyApi(life?: Life): FastlyApiOptions {
    const send: TestFastly["send"] = (url, request) => this.fastly.send(url, request);
    const transport = this.isDirect ? { send, clock: this.clock } : this.network.transport(life);
    return { endpoint: "http://fastly.sim", token: TestFastly.token, transport };
  }

  authority(life?: Life): SimulatedCa {
    if (this.isDirect) return this.ca;
    return this.network.over("ca", this.ca, { life, local: ["keyAuthorization"] });
  }

  /** The same port, whose every call takes its time, and can be a process's last. */
  lasting<Port extends object>(port: Port, life?: Life): Port {
    if (this.isDirect) return port;
    const slow = new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          await this.clock.sleep(20 + 40 * this.random());
          return Reflect.apply(value, target, args);
        };
      },
    });
    return life ? life.wrap(slow) : slow;
  }

  /** The certificate that the edge shows for a domain: Fastly's, once it is everywhere. */
  served(domain: string) {
    const certificate = this.fastly.served(domain);
    if (!certificate || this.#activationMs === 0) return certificate;
    const now = this.clock.monotonicMs();
    const shown = this.#shown.get(domain);
    if (shown?.serial !== certificate.serialNumber) {
      this.#shown.set(domain, { serial: certificate.serialNumber, from: now + this.#activationMs });
      return undefined;
    }
    return shown.from <= now ? certificate : undefined;
  }
}
