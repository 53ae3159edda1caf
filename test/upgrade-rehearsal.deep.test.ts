import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { rehearse } from "../local/command-line/review/rehearsal/rehearse.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import { accountOf } from "../review/rehearsal/account.ts";
import type { Rehearsal } from "../review/rehearsal/rehearsal.ts";
import { CopiedProgram } from "./support/copied-program.ts";

const PAGE_LOST = {
  at: expect.any(String),
  what: "GET https://served-2.example.test/",
  why: "404 in place of 200",
};
const REGISTRATION_LOST = {
  at: expect.any(String),
  what: expect.stringMatching(/^(name|arrival)-\d+\.example\.test$/),
  why: expect.stringMatching(/^it is pending after \d+ s$/),
};

let stateDir: string;
let head: CopiedProgram;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "rehearsed-"));
  head = await CopiedProgram.make();
});

afterEach(async () => {
  await head[Symbol.asyncDispose]();
  rmSync(stateDir, { recursive: true, force: true });
});

test("a changed workload drops no request, loses no message and fails no renewal, and nothing is left behind", async () => {
  await head.edit("runtime/workloads/hosting/page.ts", "<p>This domain", '<p data-edited="yes">This domain');
  await head.edit("runtime/workloads/certificate-issuer/issue.ts", '"Certificate active"', '"It is active"');

  const rehearsal = await rehearsed(120);

  expect(accountOf(rehearsal).troubles).toEqual([]);
  const { isClean, update, requests, messages, renewals } = rehearsal;
  expect(isClean).toBe(true);
  expect(namesOf(update)).toEqual([
    "certs-cert-issuer",
    "certs-cert-issuer-code",
    "certs-hosting",
    "certs-hosting-code",
  ]);
  for (const { sent } of [...requests, ...messages]) expect(sent).toBeGreaterThan(0);
  expect(renewals.started).toBeGreaterThanOrEqual(3);
  expect(readdirSync(stateDir)).toEqual([]);
});

test("names the requests that another route drops, and the messages that their reader does not understand any more", async () => {
  const map = "components/certificate-platform/front-door.ts";
  await head.edit(map, "defaultService: backends.hosting", "defaultService: backends.tokenProxy");
  await head.edit(map, 'path: "/", service: backends.hosting', 'path: "/", service: backends.tokenProxy');
  const message = "const message: Validation = { domain: record.domain";
  await head.edit("runtime/workloads/domain-api/dispatch.ts", message, `${message}.toUpperCase()`);

  const { isClean, update, requests, messages, renewals } = await rehearsed(15);

  expect(isClean).toBe(false);
  expect(namesOf(update)).toEqual(["certs-domain-api", "certs-domain-api-code", "certs-front-https"]);
  expect(requests).toMatchObject([
    { kind: "pages", failures: expect.arrayContaining([PAGE_LOST]) },
    { kind: "challenges", dropped: 0 },
    { kind: "API calls", dropped: 0 },
  ]);
  expect(messages).toMatchObject([
    { kind: "registrations", failures: expect.arrayContaining([REGISTRATION_LOST]) },
    { kind: "verifications", lost: 0 },
    { kind: "removals", lost: 0 },
  ]);
  expect(renewals.failed).toBe(0);
});

function rehearsed(settleSeconds: number): Promise<Rehearsal> {
  return rehearse({
    base: { name: "as it is", folder: REPOSITORY },
    head: { name: "edited", folder: head.folder },
    stateDir,
    settleSeconds,
    keep: false,
    say: () => undefined,
    signal: new AbortController().signal,
  });
}

function namesOf({ changes }: Rehearsal["update"]): readonly string[] {
  return [...new Set(changes.map(({ name }) => name))].sort();
}
