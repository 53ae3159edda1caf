import { expect, test } from "@jest/globals";
import { table } from "./output.ts";

const ROWS = [
  ["DOMAIN", "STATE", "REASON"],
  ["shop.example.test", "failed", "no address of shop.example.test leads to the edge"],
  ["a.test", "active", ""],
];

test("pads columns to their widest cell where nothing says how wide a line may be", () => {
  expect(table(ROWS)).toBe(
    [
      "DOMAIN             STATE   REASON",
      "shop.example.test  failed  no address of shop.example.test leads to the edge",
      "a.test             active",
    ].join("\n"),
  );
  expect(table(ROWS, 200)).toBe(table(ROWS));
});

test("wraps cells within their columns on a narrow terminal, at spaces", () => {
  expect(table(ROWS, 50)).toBe(
    [
      "DOMAIN             STATE   REASON",
      "shop.example.test  failed  no address of",
      "                           shop.example.test leads",
      "                           to the edge",
      "a.test             active",
    ].join("\n"),
  );
});

test.each([12, 20, 30, 34, 41, 60])(
  "loses nothing of a cell, and no column runs into another, at %d",
  (width) => {
    const url = "https://certs-domain-api-5d7e7ca-wgg9xj6rku-ew.a.run.app/🛒🛒🛒🛒🛒🛒🛒🛒🛒🛒";
    const shown = table([["workload", url]], width).split("\n");
    const start = Math.max(...shown.map((line) => line.search(/https/)));

    for (const line of shown) expect([...line].length).toBeLessThanOrEqual(Math.max(width, start + 8));
    expect(shown.map((line) => line.slice(0, start).trim()).join("")).toBe("workload");
    expect(shown.map((line) => line.slice(start).trim()).join("")).toBe(url);
  },
);
