import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { findPort } from "./port.ts";
import { serving, TestBench } from "./testing/bench.ts";

const HELLO = serving('(request, response) => response.end("hello")');

/** Some other program: it holds a port, and even takes connections there. */
const other = createServer((socket) => socket.destroy());
let bench: TestBench | undefined;

afterEach(async () => {
  await bench?.close();
  await new Promise((resolve) => other.close(resolve));
});

async function open(portsTaken: number) {
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  let asked = 0;
  const taken = (other.address() as AddressInfo).port;
  bench = await TestBench.open({
    stopGraceMs: 1000,
    findPort: async () => {
      asked += 1;
      return asked <= portsTaken ? taken : findPort();
    },
  });
  bench.allowInvoker("porter", "allUsers");
  return { bench, asked: () => asked };
}

test("starts an instance on another port when some program takes the first one, also one that answers", async () => {
  const { bench, asked } = await open(2);
  await bench.deploy("porter", HELLO);
  expect([asked(), (await bench.call("porter")).body]).toEqual([3, "hello"]);
});

test("gives up when every port that it tries is taken", async () => {
  const { bench, asked } = await open(Number.POSITIVE_INFINITY);
  await expect(bench.deploy("porter", HELLO)).rejects.toThrow(
    /its instance found its port \d+ taken by another program/,
  );
  expect(asked()).toBe(5);
});

test("tells a workload that wants another port, which is taken, from that", async () => {
  const { bench, asked } = await open(0);
  const { port } = other.address() as AddressInfo;
  await expect(
    bench.deploy("porter", `require("node:http").createServer().listen(${port});`),
  ).rejects.toThrow(/its instance exited with code 1 before it listened[\s\S]*EADDRINUSE/);
  expect(asked()).toBe(1);
});
