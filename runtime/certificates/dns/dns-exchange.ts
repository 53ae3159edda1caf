import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { type DecodedPacket, decode, encode, RECURSION_DESIRED, type RecordType } from "dns-packet";
import { DeadlineExceeded } from "../../workload/deadline.ts";

const IDS = 0x1_0000;
const HEADER_BYTES = 12;
/** Before a message by TCP. */
const LENGTH_BYTES = 2;
/** In the third byte of a message. */
const TRUNCATED = 0x02;

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

export interface Question {
  readonly name: string;
  readonly type: RecordType;
}

/** What a server sent is no answer to the question. */
export class SenselessReply extends Error {
  readonly code = "SENSELESS_REPLY";

  constructor(options?: ErrorOptions) {
    super("The DNS server's reply makes no sense.", options);
    this.name = "SenselessReply";
  }
}

/**
 * One question to one server: by UDP, and by TCP where the answer is too long for that. The question's
 * number and port are random, and what does not repeat both is no answer, so that nobody who cannot see
 * the question can answer in the server's place.
 *
 * @throws {DeadlineExceeded} @throws {SenselessReply} @throws {Error} the system's, for a server that cannot be reached
 */
export async function exchange(
  server: DnsServer,
  question: Question,
  deadlineMs: number,
): Promise<DecodedPacket> {
  const query = encode({
    type: "query",
    id: randomInt(IDS),
    flags: RECURSION_DESIRED,
    questions: [question],
  });
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const datagram = await overUdp(server, query, signal);
    const isWhole = ((datagram[2] ?? 0) & TRUNCATED) === 0;
    return read(isWhole ? datagram : await overTcp(server, query, signal), question);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new DeadlineExceeded(`DNS ${question.type} of ${question.name}`, deadlineMs, { cause: error });
  }
}

async function overUdp({ address, port }: DnsServer, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    // A connected socket hears its peer alone, and hears of a port that nobody listens on.
    socket.connect(port, address);
    await once(socket, "connect", { signal });
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    socket.on("error", reject);
    socket.on("message", (message) => {
      if (isFor(query, message)) resolve(message);
    });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    socket.send(query);
    return await promise;
  } finally {
    socket.close();
  }
}

async function overTcp({ address, port }: DnsServer, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: address, port, signal });
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      if (received.length < LENGTH_BYTES) continue;
      const message = received.subarray(LENGTH_BYTES);
      const size = received.readUInt16BE(0);
      if (message.length >= size && isFor(query, message)) return message.subarray(0, size);
    }
    throw new SenselessReply();
  } finally {
    socket.destroy();
  }
}

function isFor(query: Buffer, message: Buffer): boolean {
  return message.length >= HEADER_BYTES && message.readUInt16BE(0) === query.readUInt16BE(0);
}

/** @throws {SenselessReply} */
function read(message: Buffer, { name, type }: Question): DecodedPacket {
  let packet: DecodedPacket;
  try {
    packet = decode(message);
  } catch (error) {
    throw new SenselessReply({ cause: error });
  }
  const [asked] = packet.questions ?? [];
  const isAnswer = asked?.name.toLowerCase() === name && asked.type === type;
  if (!packet.flag_qr || !isAnswer) throw new SenselessReply();
  return packet;
}
