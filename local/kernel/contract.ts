import type { IncomingMessage, ServerResponse } from "node:http";
import type { DatabaseSync } from "node:sqlite";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** Who makes a call: a service account, known by the port it came in on or by the token it carries. */
export interface Principal {
  /** Of somebody else's identity that is federated, `principal://…/subject/SUBJECT`. */
  readonly email: string;
  /** What grants may call it. @default `serviceAccount:EMAIL` alone */
  readonly members?: readonly string[];
}

/** What a provider made: inputs with their defaults, and outputs, under Pulumi's property names. */
export interface CloudResource {
  /** Pulumi's type token, `gcp:storage/bucket:Bucket`. */
  readonly kind: string;
  /** The id that the real provider would give, `projects/P/topics/T`. */
  readonly id: string;
  /** Who made it. Making it again under the same URN is the same act; under another it is a conflict. */
  readonly urn: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Resources to look at. */
export interface ResourceView {
  get(kind: string, id: string): CloudResource | undefined;
  list(kind: string): readonly CloudResource[];
}

/** The cloud's configuration: the parts read it, and only providers write it. Every write outlives the process once it returns. */
export interface ResourceStore extends ResourceView {
  put(resource: CloudResource): void;
  /** When a listener throws, so does this, and the resource stays until it is removed again. */
  remove(kind: string, id: string): void;
  /** Calls `listener` after each write, in order. Returns the end of the subscription. */
  subscribe(listener: (kind: string, id: string) => void): () => void;
}

/**
 * Grants are the `*IAMMember` resources. Resources are named as in Google's own
 * errors and in Pulumi's ids:
 * `buckets/B` · `projects/P/topics/T` · `projects/P/subscriptions/S` ·
 * `projects/P/locations/L/services/S` · `projects/P/locations/L/keyRings/R/cryptoKeys/K` ·
 * `projects/P/secrets/S` · `projects/P/serviceAccounts/EMAIL`.
 * A grant on the project holds for all that is in it.
 */
export interface Iam {
  /** @throws {PermissionDenied} naming principal, permission and resource. */
  require(principal: Principal, permission: string, resource: string): void;
  /** `undefined` stands for a caller without a token: only `allUsers` can allow it. */
  allows(principal: Principal | undefined, permission: string, resource: string): boolean;
  /** Takes one grant out of force, by the id of its resource, until it is switched on again. */
  switchOff(grantId: string): void;
  switchOn(grantId: string): void;
}

export interface Tokens {
  /** An ID token as Google signs them: RS256, `iss` https://accounts.google.com, one hour. */
  idToken(email: string, audience: string, lifetimeSeconds?: number): Promise<string>;
  /** @throws {InvalidToken} with the reason. */
  verifyIdToken(token: string, audiences: readonly string[]): Promise<{ email: string; claims: object }>;
  accessToken(email: string, members?: readonly string[]): string;
  principalOf(accessToken: string): Principal | undefined;
}

/** Ports of its own for each service account, for clients that send no credentials. Made when first asked for. */
export interface Identities {
  endpoints(email: string): Promise<{ readonly http: number; readonly grpc: number }>;
}

/** One Google API over HTTP, served on every identity's port and, to bearers of a token, on the `googleapis` port. */
export interface HttpApi {
  readonly name: string;
  matches(request: IncomingMessage): boolean;
  handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** One Google API over gRPC, served on every identity's port. */
export interface GrpcApi {
  readonly definition: ServiceDefinition;
  implementation(principal: Principal): UntypedServiceImplementation;
}

/** Signs what Google, Fastly and the origin show over TLS. Its root is in `caFile`. */
export interface TlsAuthority {
  /** PEM of the root. */
  readonly rootPem: string;
  /** A file that holds every root a client here needs: this one and each that Pebble ever had. */
  readonly caFile: string;
  /** DNS names and IP addresses to a chain and key in PEM. Cached. */
  issue(names: readonly string[]): Promise<{ cert: string; key: string }>;
  /** Adds a root to `caFile`, once. */
  trust(rootPem: string): void;
}

/** Addresses of the cloud's own (203.0.113.0/24 and Fastly's) and the loopback ports that stand for them. */
export interface Network {
  /**
   * Says that connections to `address:port` go to `localPort`, and those of somebody else than this machine
   * to the port that `doorFor` gives for their address. @default `localPort` for all
   */
  listen(
    address: string,
    port: number,
    localPort: number,
    doorFor?: (source: string) => Promise<number>,
  ): void;
  unlisten(address: string, port: number): void;
  /** The loopback port behind `address:port`, if it is the cloud's. */
  locate(address: string, port: number): number | undefined;
  /**
   * The loopback port by which `source` comes to `address:port`. Whoever comes in there is taken for `source`:
   * nothing of a connection has to be remembered, or could be taken for another's.
   */
  doorTo(address: string, port: number, source: string): Promise<number> | undefined;
}

export type Severity = "DEBUG" | "INFO" | "NOTICE" | "WARNING" | "ERROR" | "CRITICAL";

export interface LogEntry {
  readonly severity: Severity;
  readonly message: string;
  /** Whose line it is: a service's name, or a part's (`pubsub`, `edge`). One file each. */
  readonly source: string;
  readonly trace?: string;
  readonly [field: string]: unknown;
}

export interface Logging {
  write(entry: LogEntry): void;
}

/** Ports on 127.0.0.1. 0 in the request means any; here they are what was bound. */
export interface Ports {
  readonly edgeHttp: number;
  readonly edgeHttps: number;
  readonly loadBalancerHttp: number;
  readonly loadBalancerHttps: number;
  /** Cloud Run's front end: TLS, `*.a.run.app`. */
  readonly run: number;
  /** `*.googleapis.com`: TLS, callers by bearer token. */
  readonly googleapis: number;
  /** api.fastly.com: TLS. */
  readonly fastlyApi: number;
  /** hooks.slack.com and Sentry: TLS. */
  readonly alertReceiver: number;
  readonly acme: number;
  readonly acmeManagement: number;
  readonly dns: number;
  readonly dnsManagement: number;
  readonly gcpProvider: number;
  readonly fastlyProvider: number;
  /** Status and control for the command line. */
  readonly control: number;
}

/** What every part is given. */
export interface Kernel {
  readonly stateDir: string;
  /** `STATE_DIR/cloud/cloud.db`. Each part makes its own tables, prefixed with its name. */
  readonly db: DatabaseSync;
  readonly ports: Ports;
  readonly resources: ResourceStore;
  readonly iam: Iam;
  readonly tokens: Tokens;
  readonly identities: Identities;
  readonly authority: TlsAuthority;
  readonly network: Network;
  readonly logging: Logging;
}

/** Outgoing connections of a service's instances to one destination, since the cloud started. */
export interface Egress {
  readonly service: string;
  /** `address:port`, `name:port`, or what would have connected unseen (`the program curl`). */
  readonly destination: string;
  readonly allowed: boolean;
  /** Which part of the cloud it is. Of an allowed destination. */
  readonly part?: string;
  /** Why it is none. Of a refused destination. */
  readonly rule?: string;
  readonly count: number;
}

/** An alert that fired and has not cleared. */
export interface OpenIncident {
  /** What the policy is called. */
  readonly policy: string;
  readonly severity: string;
  readonly summary: string;
  /** RFC 3339. */
  readonly openedAt: string;
}

/** Something with a life: started in order, stopped in reverse. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Alerts that have not cleared, for `status`. */
  incidents?(): readonly OpenIncident[];
  /** Child processes, for `status`. */
  pids?(): readonly number[];
  /** Where its child processes connected to, or tried to: refused destinations first. */
  egress?(): readonly Egress[];
}
