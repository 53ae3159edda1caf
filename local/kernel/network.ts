import type { Network as NetworkContract } from "./contract.ts";

const THIS_MACHINE = "127.0.0.1";

/** A table in place of routes: which loopback port stands for an address, and which address a socket speaks for. */
export class Network implements NetworkContract {
  readonly #listeners = new Map<string, number>();
  readonly #sources = new Map<number, string>();

  listen(address: string, port: number, localPort: number): void {
    this.#listeners.set(`${address}:${port}`, localPort);
  }

  unlisten(address: string, port: number): void {
    this.#listeners.delete(`${address}:${port}`);
  }

  locate(address: string, port: number): number | undefined {
    return this.#listeners.get(`${address}:${port}`);
  }

  noteSource(localPort: number, address: string): void {
    this.#sources.set(localPort, address);
  }

  forgetSource(localPort: number): void {
    this.#sources.delete(localPort);
  }

  sourceOf(remotePort: number | undefined): string {
    return (remotePort === undefined ? undefined : this.#sources.get(remotePort)) ?? THIS_MACHINE;
  }
}
