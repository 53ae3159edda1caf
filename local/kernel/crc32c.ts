/** The polynomial of Castagnoli, its bits reversed. @see https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
const POLYNOMIAL = 0x82_f6_3b_78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** The checksum of Google's storage and key services. Their client library has it too, at 40 MB of memory. */
export class Crc32c {
  #value = 0xff_ff_ff_ff;

  update(bytes: Uint8Array): this {
    let value = this.#value;
    for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] ?? 0);
    this.#value = value;
    return this;
  }

  /** Unsigned. */
  valueOf(): number {
    return (this.#value ^ 0xff_ff_ff_ff) >>> 0;
  }

  /** As Storage writes it: four bytes, the highest first, in base64. */
  toString(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.valueOf());
    return bytes.toString("base64");
  }
}
