import { once } from "node:events";
import { createServer, type Server } from "node:http";

const PREFIX = "/.well-known/acme-challenge/";

/** Answers HTTP-01 for every name from memory: the least that a CA can be answered by. */
export class ChallengeServer implements AsyncDisposable {
  readonly #answers = new Map<string, string>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(({ url = "" }, response) => {
      const answer = url.startsWith(PREFIX) ? this.#answers.get(url.slice(PREFIX.length)) : undefined;
      response.writeHead(answer === undefined ? 404 : 200, { "Content-Type": "text/plain" }).end(answer);
    });
  }

  static async listen(port: number): Promise<ChallengeServer> {
    const server = new ChallengeServer();
    server.#server.listen(port, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  set(token: string, keyAuthorization: string): void {
    this.#answers.set(token, keyAuthorization);
  }

  remove(token: string): void {
    this.#answers.delete(token);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }
}
