import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { ProviderConfig } from "./kind.ts";
import type { Provider } from "./provider.ts";
import { ProviderError } from "./provider-error.ts";

/** By which an engine tells providers apart that share a connection; Pulumi's opens one for each. */
const INSTANCE_KEY = "provider-instance";
/** More than any program has. The one unused for longest is forgotten first. */
const MAX_SESSIONS = 256;

interface Session {
  readonly provider: Provider;
  /** As JSON; `undefined` until the engine configures. */
  config: string | undefined;
}

type Call = Pick<ServerUnaryCall<unknown, unknown>, "getPeer" | "metadata">;

/**
 * What engines are connected, and how each configured the provider. A provider that an engine starts is
 * configured once; one that it attaches to is shared by all provider resources of a package and by all
 * engines, each with a project of its own, so that what was configured last must not hold for all.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/provider_plugin.go
 */
export class Sessions {
  readonly #template: Provider;
  readonly #sessions = new Map<string, Session>();

  constructor(template: Provider) {
    this.#template = template;
  }

  /** The provider as the caller has it, configured or not: for what goes before Configure. */
  own(call: Call): Provider {
    return this.#session(call).provider;
  }

  configure(call: Call, config: ProviderConfig): void {
    const session = this.#session(call);
    session.config = JSON.stringify(Object.entries(config).sort());
    session.provider.configure(config);
  }

  /**
   * The provider as the caller configured it. A connection that came back after a pause is taken to mean
   * what all others mean, if they mean the same.
   *
   * @throws {ProviderError} FAILED_PRECONDITION when that cannot be told.
   */
  of(call: Call): Provider {
    const session = this.#session(call);
    if (session.config !== undefined) return session.provider;
    const configured = [...this.#sessions.values()].filter(({ config }) => config !== undefined);
    if (new Set(configured.map(({ config }) => config)).size > 1) {
      throw new ProviderError(
        "FAILED_PRECONDITION",
        `The ${this.#template.package.name} provider must be configured on this connection first: others configured it in different ways.`,
      );
    }
    return configured[0]?.provider ?? session.provider;
  }

  /** Ends the waits that are under way, of whomever. */
  cancelAll(): void {
    for (const { provider } of this.#sessions.values()) provider.cancel();
  }

  #session(call: Call): Session {
    const [instance = ""] = call.metadata.get(INSTANCE_KEY);
    const key = `${call.getPeer()} ${String(instance)}`;
    const session = this.#sessions.get(key) ?? { provider: this.#template.another(), config: undefined };
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= MAX_SESSIONS) break;
      this.#sessions.delete(oldest);
    }
    return session;
  }
}
