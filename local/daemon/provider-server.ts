import type { CloudParts, Part } from "../kernel/parts.ts";
import type { Package } from "../provider/package.ts";
import { Provider } from "../provider/provider.ts";
import { type ServedProvider, serve } from "../provider/serve.ts";

/** One package's provider on its port, for as long as the cloud runs. */
export class ProviderServer implements Part {
  readonly name: string;
  readonly #provider: Provider;
  readonly #port: number;
  #served: ServedProvider | undefined;

  constructor(served: Package<CloudParts>, parts: CloudParts, port: number) {
    this.name = `${served.name} provider`;
    this.#provider = Provider.on(parts, served);
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
