import { numberOf, objectsOf, type Properties, textOf } from "../../kernel/property-values.ts";
import { headerSource, type Source } from "./header-source.ts";
import { type Condition, compileCondition, type VclRequest } from "./vcl-condition.ts";

const DEFAULT_PRIORITY = 10;
const DEFAULT_HEADER_PRIORITY = 100;

/** Fastly's own defaults, in milliseconds. */
const CONNECT_TIMEOUT_MS = 1_000;
const FIRST_BYTE_TIMEOUT_MS = 15_000;
const BETWEEN_BYTES_TIMEOUT_MS = 10_000;
const MOST_CONNECTIONS = 200;

export interface Backend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly overrideHost: string | undefined;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly betweenBytesTimeoutMs: number;
  readonly mostConnections: number;
  /** `undefined` for plain HTTP. */
  readonly tls:
    | {
        readonly sniHostname: string | undefined;
        /** The name that the certificate must hold. */
        readonly certHostname: string;
        readonly isChecked: boolean;
        /** A root of its own instead of the public ones. */
        readonly caPem: string | undefined;
        readonly minVersion: string | undefined;
        readonly maxVersion: string | undefined;
      }
    | undefined;
}

export interface HeaderRule {
  readonly applies: Condition;
  readonly isResponse: boolean;
  readonly header: string;
  /** `undefined` deletes the header. */
  readonly source: Source | undefined;
  readonly ignoreIfSet: boolean;
}

/** How `X-Forwarded-For` is passed on. @see https://www.fastly.com/documentation/reference/api/vcl-services/request-settings/ */
export type Xff = "append" | "append_all" | "clear" | "leave" | "overwrite";

export interface Decision {
  readonly forceSsl: boolean;
  readonly xff: Xff;
  readonly backend: Backend | undefined;
}

/** A VCL service, compiled from its resource. */
export class VclService {
  readonly headers: readonly HeaderRule[];
  readonly #backends: readonly { readonly applies: Condition | undefined; readonly backend: Backend }[];
  readonly #settings: readonly { readonly applies: Condition; readonly properties: Properties }[];

  /** @throws {UnsupportedVcl} for a condition that can't be evaluated here. */
  constructor(properties: Properties) {
    const conditions = new Map(
      objectsOf(properties.conditions).map(({ name, statement, priority }) => [
        textOf(name),
        {
          applies: compileCondition(textOf(statement) ?? ""),
          priority: numberOf(priority) ?? DEFAULT_PRIORITY,
        },
      ]),
    );
    const conditionOf = (name: unknown) => conditions.get(textOf(name));
    const always: Condition = () => true;
    this.#backends = objectsOf(properties.backends)
      .map((backend) => ({ condition: conditionOf(backend.requestCondition), backend: readBackend(backend) }))
      .toSorted((one, other) => (one.condition?.priority ?? 0) - (other.condition?.priority ?? 0))
      .map(({ condition, backend }) => ({ applies: condition?.applies, backend }));
    this.#settings = objectsOf(properties.requestSettings).map((setting) => ({
      applies: conditionOf(setting.requestCondition)?.applies ?? always,
      properties: setting,
    }));
    this.headers = objectsOf(properties.headers)
      .toSorted((one, other) => priorityOf(one) - priorityOf(other))
      .map((header) => ({
        applies: conditionOf(header.requestCondition)?.applies ?? always,
        isResponse: header.type === "response",
        header: (textOf(header.destination) ?? "").replace(/^http\./, ""),
        source: header.action === "delete" ? undefined : headerSource(textOf(header.source) ?? ""),
        ignoreIfSet: header.ignoreIfSet === true,
      }));
  }

  /** The last backend whose condition holds wins over those before it, and any over the one without. */
  decide(request: VclRequest): Decision {
    const settings = this.#settings
      .filter(({ applies }) => applies(request))
      .map(({ properties }) => properties);
    const chosen =
      this.#backends.findLast(({ applies }) => applies?.(request)) ??
      this.#backends.find(({ applies }) => applies === undefined);
    return {
      forceSsl: !request.isTls && settings.some(({ forceSsl }) => forceSsl === true),
      xff: (settings.map(({ xff }) => textOf(xff)).findLast((xff) => xff !== undefined) ?? "append") as Xff,
      backend: chosen?.backend,
    };
  }
}

function readBackend(backend: Properties): Backend {
  const address = textOf(backend.address) ?? "";
  const certHostname = textOf(backend.sslCertHostname) ?? textOf(backend.sslSniHostname) ?? address;
  return {
    name: textOf(backend.name) ?? address,
    address,
    port: numberOf(backend.port) ?? 80,
    overrideHost: textOf(backend.overrideHost),
    connectTimeoutMs: numberOf(backend.connectTimeout) ?? CONNECT_TIMEOUT_MS,
    firstByteTimeoutMs: numberOf(backend.firstByteTimeout) ?? FIRST_BYTE_TIMEOUT_MS,
    betweenBytesTimeoutMs: numberOf(backend.betweenBytesTimeout) ?? BETWEEN_BYTES_TIMEOUT_MS,
    mostConnections: numberOf(backend.maxConn) ?? MOST_CONNECTIONS,
    tls:
      backend.useSsl === true
        ? {
            sniHostname: textOf(backend.sslSniHostname),
            certHostname,
            isChecked: backend.sslCheckCert !== false,
            caPem: textOf(backend.sslCaCert),
            minVersion: textOf(backend.minTlsVersion),
            maxVersion: textOf(backend.maxTlsVersion),
          }
        : undefined,
  };
}

function priorityOf({ priority }: Properties): number {
  return numberOf(priority) ?? DEFAULT_HEADER_PRIORITY;
}
