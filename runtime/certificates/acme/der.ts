/** Of the few kinds of values that requests and certificates are made of. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
  /** `[0]`: the attributes of a request. */
  attributes: 0xa0,
  /** `[3]`: the extensions of a certificate. */
  extensions: 0xa3,
  /** `[2]`: a DNS name among alternative names. */
  dnsName: 0x82,
} as const;

/** A value in DER: its tag, its length, its contents. @see https://www.itu.int/rec/T-REC-X.690 */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body)]), body]);
}

/** @param dotted `2.5.29.17` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(inSevens)]));
}

/** In the armour of RFC 7468. */
export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** A value as it stands in DER. */
export interface DerValue {
  readonly tag: number;
  readonly contents: Buffer;
}

/** The values that follow each other in a constructed one's contents. @throws {RangeError} for what is no DER */
export function derValues(contents: Buffer): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < contents.length; ) {
    const tag = contents.readUInt8(at);
    const first = contents.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = lengthBytes === 0 ? first : contents.readUIntBE(at + 2, lengthBytes);
    const start = at + 2 + lengthBytes;
    at = start + length;
    if (at > contents.length) throw new RangeError("A DER value must end within the one around it.");
    values.push({ tag, contents: contents.subarray(start, at) });
  }
  return values;
}

function lengthOf({ length }: Buffer): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** Seven bits a byte; all but the last have the eighth set. */
function inSevens(value: number): readonly number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
