import type { Part } from "../kernel/contract.ts";
import { Provider } from "../provider/provider.ts";
import { Acme } from "../services/acme/acme.ts";
import { AlertReceiver } from "../services/alert-receiver/alert-receiver.ts";
import { LocalCloudRun } from "../services/cloud-run/local-cloud-run.ts";
import { FastlyApi } from "../services/fastly/api/fastly-api.ts";
import { FastlyEdge } from "../services/fastly/fastly-edge.ts";
import { FastlyStore } from "../services/fastly/fastly-store.ts";
import { FASTLY } from "../services/fastly/package.ts";
import { GCP } from "../services/google/package.ts";
import { TokenExchange } from "../services/iam/token-exchange.ts";
import { KmsApi } from "../services/kms/kms-api.ts";
import { LoadBalancer } from "../services/load-balancing/load-balancer.ts";
import { LoggingApi } from "../services/logging/logging-api.ts";
import { LogSinks } from "../services/logging/sinks.ts";
import { Alerting } from "../services/monitoring/alerting.ts";
import { LocalPubSub } from "../services/pubsub/local-pubsub.ts";
import { Scheduler } from "../services/scheduler/scheduler.ts";
import { SecretManager } from "../services/secret-manager/secret-manager.ts";
import { SecretManagerApi } from "../services/secret-manager/secret-manager-api.ts";
import { type KernelOptions, type OwnedKernel, startKernel } from "../services/start-kernel.ts";
import { CloudStorage } from "../services/storage/cloud-storage.ts";
import { type CloudStatus, controlHandler, statusOf } from "./control.ts";
import { ProviderServer } from "./provider-server.ts";
import { routesOf } from "./routes.ts";

/** Opens the Fastly API of this machine, and nothing else anywhere. */
export const FASTLY_API_TOKEN = "fastly-token-of-this-machine";

export interface CloudOptions extends KernelOptions {
  /** Holds `pebble` and `pebble-challtestsrv`. */
  readonly binDir: string;
}

/** A running cloud, and the parts that a test reaches into. */
export interface Cloud {
  readonly kernel: OwnedKernel;
  readonly acme: Acme;
  readonly alertReceiver: AlertReceiver;
  readonly alerting: Alerting;
  readonly fastlyApi: FastlyApi;
  readonly pubsub: LocalPubSub;
  readonly run: LocalCloudRun;
  readonly scheduler: Scheduler;
  readonly storage: CloudStorage;
  status(): CloudStatus;
  /** Calls `listener` when a client of the control port asks for an end. */
  onStopRequest(listener: () => void): void;
  stop(): Promise<void>;
}

/**
 * Puts a whole cloud together and starts it.
 *
 * @throws {StateHeld} or {PortTaken} before anything has started; what did start is stopped again.
 */
export async function startCloud({ binDir, ...options }: CloudOptions): Promise<Cloud> {
  const kernel = await startKernel(options);
  const storage = new CloudStorage(kernel, { publish: (...message) => pubsub.publish(...message) });
  const secrets = new SecretManager(kernel);
  const run = new LocalCloudRun(kernel, storage, {
    access: (...version) => secrets.access(...version).data.toString(),
  });
  const pubsub: LocalPubSub = new LocalPubSub(kernel, run);
  kernel.identities.serveHttp(
    new KmsApi(kernel),
    new LoggingApi(kernel),
    new SecretManagerApi(kernel),
    new TokenExchange(kernel),
    pubsub.restApi,
    storage.api,
  );
  kernel.identities.serveGrpc(...pubsub.apis);

  const acme = new Acme(kernel, { binDir });
  const fastlyStore = new FastlyStore(kernel.db);
  const fastlyApi = new FastlyApi(kernel, fastlyStore, { apiToken: FASTLY_API_TOKEN });
  const alertReceiver = new AlertReceiver(kernel);
  const alerting = new Alerting(kernel, { pubsub, run });
  const scheduler = new Scheduler(kernel, { run, pubsub });
  // Each needs those before it; what brings work in comes last.
  const parts: readonly Part[] = [
    storage,
    fastlyApi,
    run,
    new LoadBalancer(kernel, run),
    new FastlyEdge(kernel, fastlyStore),
    acme,
    pubsub,
    alertReceiver,
    alerting,
    new LogSinks(kernel, pubsub),
    scheduler,
    new ProviderServer(Provider.on({ kernel, run, storage }, GCP), kernel.ports.gcpProvider),
    new ProviderServer(Provider.on({ kernel }, FASTLY), kernel.ports.fastlyProvider),
  ];
  let stopping = false;
  const status = () => statusOf(kernel, parts, stopping);
  const stop = () => {
    stopping = true;
    return stopAll(kernel, parts);
  };

  const stopListeners = new Set<() => void>();
  kernel.control.on(
    "request",
    controlHandler(
      kernel,
      status,
      () => {
        for (const listener of stopListeners) listener();
      },
      routesOf(
        () =>
          [GCP, FASTLY].flatMap(({ kinds }) => kinds.flatMap(({ token }) => kernel.resources.list(token))),
        alerting,
        alertReceiver,
        scheduler,
        pubsub,
      ),
    ),
  );
  try {
    for (const part of parts) await part.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kernel,
    acme,
    alertReceiver,
    alerting,
    fastlyApi,
    pubsub,
    run,
    scheduler,
    storage,
    status,
    onStopRequest: (listener) => stopListeners.add(listener),
    stop,
  };
}

/** In reverse, and all of them: one that fails to stop must not keep the others running. */
async function stopAll(kernel: OwnedKernel, parts: readonly Part[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of [...parts].reverse()) {
    await part.stop().catch((error: unknown) => failures.push(error));
  }
  await kernel.stop();
  if (failures.length > 0) throw new AggregateError(failures, "Parts of the cloud failed to stop.");
}
