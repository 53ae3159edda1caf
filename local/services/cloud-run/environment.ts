import { delimiter, dirname } from "node:path";
import type { Kernel } from "../../kernel/contract.ts";
import type { RevisionTemplate, ServiceSettings } from "./service-settings.ts";

/** Reads a secret's version as the service's own account. @throws {PermissionDenied} without the grant. */
export interface SecretAccess {
  access(principal: { readonly email: string }, secret: string, version: string): string;
}

export interface InstanceIdentity {
  readonly service: Pick<ServiceSettings, "project" | "name">;
  readonly revision: string;
  readonly port: number;
}

/**
 * What an instance sees: the service's own variables, Cloud Run's, and where the local cloud's
 * APIs are for this service's account. Nothing of the machine's environment but a `PATH` to Node.
 * References to secrets are resolved at each start, so `latest` is what it is then.
 */
export async function instanceEnvironment(
  kernel: Kernel,
  secrets: SecretAccess,
  template: RevisionTemplate,
  { service, revision, port }: InstanceIdentity,
): Promise<Record<string, string>> {
  const { ports, authority, identities } = kernel;
  const { http, grpc } = await identities.endpoints(template.serviceAccount);
  const declared = template.container.envs.map(({ name, value = "", valueSource }): [string, string] => {
    if (!valueSource) return [name, value];
    const { secret, version } = valueSource.secretKeyRef;
    const id = secret.startsWith("projects/") ? secret : `projects/${service.project}/secrets/${secret}`;
    return [name, secrets.access({ email: template.serviceAccount }, id, version)];
  });
  return {
    PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
    GOOGLE_CLOUD_PROJECT: service.project,
    STORAGE_EMULATOR_HOST: `http://127.0.0.1:${http}`,
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${grpc}`,
    GCE_METADATA_HOST: `127.0.0.1:${http}`,
    NODE_EXTRA_CA_CERTS: authority.caFile,
    PUBSUB_ENDPOINT: `https://127.0.0.1:${ports.googleapis}`,
    KMS_ENDPOINT: `https://127.0.0.1:${ports.googleapis}`,
    FASTLY_API_ENDPOINT: `https://127.0.0.1:${ports.fastlyApi}`,
    DNS_SERVERS: `127.0.0.1:${ports.dns}`,
    EDGE_HTTP_PORT: String(ports.edgeHttp),
    EDGE_HTTPS_PORT: String(ports.edgeHttps),
    API_PORT: String(ports.loadBalancerHttps),
    ...Object.fromEntries(declared),
    PORT: String(port),
    K_SERVICE: service.name,
    K_REVISION: revision,
    K_CONFIGURATION: service.name,
  };
}
