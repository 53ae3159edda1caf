import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EgressLedger } from "../local/services/cloud-run/egress.ts";
import type { Instance } from "../local/services/cloud-run/instance.ts";
import { InstanceFactory } from "../local/services/cloud-run/instance-factory.ts";
import { findPort } from "../local/services/cloud-run/port.ts";
import {
  parseService,
  SERVICE_KIND,
  type ServiceSettings,
} from "../local/services/cloud-run/service-settings.ts";
import { SecretManager } from "../local/services/secret-manager/secret-manager.ts";
import { LocalPlatform } from "../test/support/local-platform.ts";

const START_DEADLINE_MS = 30_000;
const STOP_GRACE_MS = 1_000;

/** The platform in this process, and single instances of its workloads as Cloud Run starts them. */
export class StartedWorkloads implements AsyncDisposable {
  readonly platform: LocalPlatform;
  readonly folder: string;
  readonly #instances: InstanceFactory;

  private constructor(platform: LocalPlatform, folder: string) {
    this.platform = platform;
    this.folder = folder;
    const { kernel, storage } = platform.cloud;
    const secrets = new SecretManager(kernel);
    // By its state folder a factory knows its own processes: these are not those of the cloud's.
    this.#instances = new InstanceFactory(
      { ...kernel, stateDir: folder },
      storage,
      { access: (...version) => secrets.access(...version).data.toString() },
      new EgressLedger(kernel),
      { startupDeadlineMs: START_DEADLINE_MS, stopGraceMs: STOP_GRACE_MS, findPort },
    );
  }

  static async start(): Promise<StartedWorkloads> {
    const platform = await LocalPlatform.start();
    const folder = await mkdtemp(join(tmpdir(), "bench-instances-"));
    const started = new StartedWorkloads(platform, folder);
    try {
      started.#instances.open();
      await platform.update();
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  get services(): readonly ServiceSettings[] {
    return this.platform.cloud.kernel.resources.list(SERVICE_KIND).map(parseService);
  }

  instance(service: ServiceSettings): Promise<Instance> {
    const revision = { name: `${service.name}-bench`, template: service.template };
    return this.#instances.start(service, revision, new AbortController().signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#instances.close();
    await this.platform.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The workload's folder in `runtime/workloads/`: its bundle's object is named after it, `token-proxy/SHA256.zip`. */
export function workloadName({ template }: ServiceSettings): string {
  return dirname(template.container.sourceCode.cloudStorageSource.object);
}
