import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from "dns-packet";
import { atOnePort } from "./one-port.ts";

/** What the server says to a question; records are the asked name's where they name no other. */
export interface DnsAnswer {
  readonly code?: number;
  readonly records?: readonly object[];
  /** Whole by TCP alone. */
  readonly isTruncated?: boolean;
  /** What somebody sends before the reply. */
  readonly forged?: (reply: Packet) => Packet;
}

const NXDOMAIN = 3;

/** A name server on UDP and TCP, which says what its test wrote into `zone` by `NAME TYPE`; anything else does not exist. */
export class TestDnsServer {
  zone: Record<string, DnsAnswer | ((asked: number) => DnsAnswer)> = {};
  /** Every question, as `NAME TYPE`, with `by TCP` where it came that way. */
  readonly asked: string[] = [];
  readonly #udp: Socket = createSocket("udp4");
  readonly #tcp: Server = createServer();

  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  async start(): Promise<this> {
    this.#udp.on("message", (query, peer) => {
      const { reply, forged } = this.#answer(query, "");
      for (const message of [forged, reply])
        if (message) this.#udp.send(encode(message), peer.port, peer.address);
    });
    this.#tcp.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (query) => {
        const { reply } = this.#answer(query.subarray(2), " by TCP");
        if (!reply) return;
        const message = encode({ ...reply, flags: (reply.flags ?? 0) & ~TRUNCATED_RESPONSE });
        const length = Buffer.from([message.length >> 8, message.length & 255]);
        // In two parts, as a network may deliver it.
        socket.write(Buffer.concat([length, message.subarray(0, 5)]), () => socket.end(message.subarray(5)));
      });
    });
    await atOnePort(
      async () => {
        this.#tcp.listen(0, "127.0.0.1");
        await once(this.#tcp, "listening");
        this.#udp.bind((this.#tcp.address() as AddressInfo).port, "127.0.0.1");
        await once(this.#udp, "listening");
      },
      () => new Promise<void>((closed) => this.#tcp.close(() => closed())),
    );
    return this;
  }

  async stop(): Promise<void> {
    await Promise.all([
      new Promise<void>((closed) => this.#udp.close(closed)),
      new Promise<void>((closed) => this.#tcp.close(() => closed())),
    ]);
  }

  #answer(query: Buffer, how: string): { reply?: Packet; forged?: Packet } {
    const { id = 0, questions = [] } = decode(query);
    const [question] = questions;
    if (!question) return {};
    const key = `${question.name} ${question.type}`;
    this.asked.push(key + how);
    const entry = this.zone[key] ?? { code: NXDOMAIN };
    const said =
      typeof entry === "function" ? entry(this.asked.filter((asked) => asked.startsWith(key)).length) : entry;
    const { code = 0, records = [], isTruncated = false, forged } = said;
    const hidden = isTruncated && how === "";
    const reply: Packet = {
      type: "response",
      id,
      flags: code | (hidden ? TRUNCATED_RESPONSE : 0),
      questions,
      answers: hidden ? [] : records.map((record) => ({ name: question.name, ...record }) as Answer),
    };
    return { reply, ...(forged && { forged: forged(reply) }) };
  }
}
