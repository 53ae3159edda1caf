import type { Network as NetworkContract } from "./contract.ts";

interface Listener {
  readonly localPort: number;
  readonly doorFor: (source: string) => Promise<number>;
}

/** A table in place of routes: which loopback ports stand for an address. */
export class Network implements NetworkContract {
  readonly #listeners = new Map<string, Listener>();

  listen(
    address: string,
    port: number,
    localPort: number,
    doorFor: Listener["doorFor"] = async () => localPort,
  ): void {
    this.#listeners.set(`${address}:${port}`, { localPort, doorFor });
  }

  unlisten(address: string, port: number): void {
    this.#listeners.delete(`${address}:${port}`);
  }

  locate(address: string, port: number): number | undefined {
    return this.#listeners.get(`${address}:${port}`)?.localPort;
  }

  doorTo(address: string, port: number, source: string): Promise<number> | undefined {
    return this.#listeners.get(`${address}:${port}`)?.doorFor(source);
  }
}
