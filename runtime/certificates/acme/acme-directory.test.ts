import { expect, test } from "@jest/globals";
import { AcmeDirectory } from "./acme-directory.ts";

const HOUR_MS = 3_600_000;
const RIGHT = {
  newNonce: "https://ca.test/nonce",
  newAccount: "https://ca.test/account",
  newOrder: "https://ca.test/order",
};

function opened(answers: unknown[]) {
  const clock = { now: 0 };
  let asked = 0;
  const request = async () => {
    const data = answers[Math.min(asked++, answers.length - 1)];
    if (data instanceof Error) throw data;
    return { status: 200, headers: {}, data };
  };
  const directory = new AcmeDirectory("https://ca.test/dir", { request }, () => clock.now);
  return { directory, clock, asked: () => asked };
}

test("is asked for once an hour, by however many at once", async () => {
  const { directory, clock, asked } = opened([RIGHT, { ...RIGHT, newOrder: "https://ca.test/moved" }]);
  await Promise.all([directory.read(), directory.read()]);
  clock.now = HOUR_MS - 1;
  expect(await directory.read()).toEqual(RIGHT);
  expect(asked()).toBe(1);
  clock.now = HOUR_MS;
  expect(await directory.read()).toMatchObject({ newOrder: "https://ca.test/moved" });
});

test.each([[{}], ["<html>"], [new Error("gone")]])("stays as it was while the CA shows %p", async (bad) => {
  const { directory, clock } = opened([RIGHT, bad, { ...RIGHT, newOrder: "https://ca.test/moved" }]);
  await directory.read();
  clock.now = HOUR_MS;
  expect(await directory.read()).toEqual(RIGHT);
  expect(await directory.read()).toMatchObject({ newOrder: "https://ca.test/moved" });
});
