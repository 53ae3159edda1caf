import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { ObjectStore } from "../../google/object-store.ts";

/** What the edge does for a CA: shows what the challenge bucket has under the name and path that are asked for. */
export class TestChallengeServer {
  /** The bucket, which a test may change. */
  objects: Pick<ObjectStore, "read">;
  readonly #server: Server;

  private constructor(objects: Pick<ObjectStore, "read">) {
    this.objects = objects;
    this.#server = createServer(async (request, response) => {
      const host = (request.headers.host ?? "").replace(/:\d+$/, "");
      const found = await this.objects.read(`${host}${request.url ?? ""}`);
      response.writeHead(found ? 200 : 404).end(found?.bytes);
    });
  }

  static async start(objects: Pick<ObjectStore, "read">): Promise<TestChallengeServer> {
    const started = new TestChallengeServer(objects);
    started.#server.listen(0, "127.0.0.1");
    await once(started.#server, "listening");
    return started;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }
}
