import { CRC32C } from "@google-cloud/storage";
import { expect, test } from "@jest/globals";
import { Crc32c } from "./crc32c.ts";

test("is the checksum of RFC 3720's examples", () => {
  expect(new Crc32c().update(Buffer.alloc(32)).valueOf()).toBe(0x8a_91_36_aa);
  expect(new Crc32c().update(Buffer.alloc(32, 0xff)).valueOf()).toBe(0x62_a8_ab_43);
});

test("is what Google's own library makes of the same bytes, in parts or at once", () => {
  const parts = ["", "a", "ä".repeat(5_000)].map((text) => Buffer.from(text));
  const [ours, theirs] = [new Crc32c(), new CRC32C()];
  for (const part of parts) {
    ours.update(part);
    theirs.update(part);
  }
  expect(ours.toString()).toBe(theirs.toString());
  expect(new Crc32c().update(Buffer.concat(parts)).toString()).toBe(theirs.toString());
});
