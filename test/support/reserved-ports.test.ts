import { expect, test } from "@jest/globals";
import { claimPorts } from "../../local/kernel/claim-ports.ts";
import { ReservedPorts } from "./reserved-ports.ts";

test("a base is nobody else's until it is given back, whether its cloud runs or not", async () => {
  await using first = await ReservedPorts.take();
  const second = await ReservedPorts.take();
  expect(second.base).not.toBe(first.base);
  const { ports, control } = await claimPorts(first.base);
  expect(ports.control).toBe(first.base);
  await new Promise((resolve) => control.close(resolve));
  await second[Symbol.asyncDispose]();
  await using third = await ReservedPorts.take();
  expect(third.base).not.toBe(first.base);
});
