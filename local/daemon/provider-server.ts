import type { Part } from "../kernel/contract.ts";
import type { Provider } from "../provider/provider.ts";
import { type ServedProvider, serve } from "../provider/serve.ts";

/** One package's provider on its port, for as long as the cloud runs. */
export class ProviderServer implements Part {
  readonly name: string;
  readonly #provider: Provider;
  readonly #port: number;
  #served: ServedProvider | undefined;

  constructor(provider: Provider, port: number) {
    this.name = `${provider.package.name} provider`;
    this.#provider = provider;
    this.#port = port;
  }

  async start(): Promise<void> {
    this.#served = await serve(this.#provider, this.#port);
  }

  async stop(): Promise<void> {
    await this.#served?.stop();
    this.#served = undefined;
  }
}
