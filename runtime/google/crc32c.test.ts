import { CRC32C } from "@google-cloud/storage";
import { expect, test } from "@jest/globals";
import { crc32c, crc32cText } from "./crc32c.ts";

test("is the checksum of RFC 3720's examples", () => {
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a_91_36_aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62_a8_ab_43);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3_06_92_83);
});

test.each(["", "a", "ä".repeat(5_000)])("is written as Google's own library writes it", (text) => {
  const theirs = new CRC32C();
  theirs.update(Buffer.from(text));
  expect(crc32cText(Buffer.from(text))).toBe(theirs.toString());
});
