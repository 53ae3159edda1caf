import { expect, test } from "@jest/globals";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { KnownAccounts } from "./known-accounts.ts";

const URL = "https://ca.example.test/account/1";

test("knows each CA's account, and since when it is that one, whichever process noted it", async () => {
  const objects = new MemoryObjectStore();
  let now = new Date("2026-11-01T00:00:00.000Z");
  const process = () => new KnownAccounts(objects, () => now);
  await process().note("second", URL, ["ca.example"]);
  now = new Date("2026-11-02T00:00:00.000Z");
  await process().note("second", URL, ["ca.example", "ca.example.net"]);
  await process().note("first", `${URL}1`, ["other.example"]);
  expect(await process().list()).toEqual([
    { ca: "first", url: `${URL}1`, caaIdentities: ["other.example"], since: "2026-11-02T00:00:00.000Z" },
    {
      ca: "second",
      url: URL,
      caaIdentities: ["ca.example", "ca.example.net"],
      since: "2026-11-01T00:00:00.000Z",
    },
  ]);

  const one = process();
  await one.note("first", `${URL}2`, ["other.example"]);
  await one.note("first", `${URL}2`, ["other.example"]);
  expect((await one.list())[0]).toMatchObject({ url: `${URL}2` });
});
