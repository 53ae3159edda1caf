import { expect, test } from "@jest/globals";
import { KnownAccounts } from "../../certificates/acme/known-accounts.ts";
import { ALICE, TestApi } from "./testing/api.ts";

test("shows every caller the accounts that CAA records may name", async () => {
  const api = new TestApi();
  const url = "https://ca.example.test/account/1";
  await new KnownAccounts(api.objects, () => new Date(api.now)).note("first", url, ["ca.example"]);
  expect(await api.call("GET", "/v1/accounts", ALICE)).toMatchObject({
    status: 200,
    body: {
      accounts: [{ ca: "first", url, caaIdentities: ["ca.example"], since: new Date(api.now).toISOString() }],
    },
  });
});
