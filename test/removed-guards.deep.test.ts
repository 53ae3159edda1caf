import { spawn } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { REPOSITORY } from "../local/kernel/place.ts";
import { finish } from "./support/command-line.ts";
import { CopiedProgram } from "./support/copied-program.ts";

const ISSUER = "runtime/workloads/certificate-issuer";

/** What keeps a domain from two certificates, and customers from each other: each with its line, and the tests that must miss it. */
const GUARDS: readonly (readonly [
  string,
  { file: string; from: string; to: string; tests: string; missed: RegExp },
])[] = [
  [
    "the lease",
    {
      file: `${ISSUER}/domain-leases.ts`,
      from: 'if ((await this.#objects.create(name, this.#content(request))) === "created") {\n      return',
      to: "if (await this.#objects.create(name, this.#content(request))) {\n      return",
      tests: `${ISSUER}/(domain-leases|issue)\\.test`,
      missed: /✕ of many who ask at once one gets the lease/,
    },
  ],
  [
    "the precondition of a creation",
    {
      file: "runtime/google/bucket.ts",
      from: "      ifGenerationMatch: generation,\n",
      to: "",
      tests: "runtime/google/bucket\\.test",
      missed: /✕ creates once, reads bytes with their generation, replaces by generation, removes/,
    },
  ],
  [
    "the outcome of a creation",
    {
      file: "runtime/certificates/registry/bucket-registry.ts",
      from: 'if (outcome !== "created") return "exists";',
      to: 'if (outcome === undefined) return "exists";',
      tests: `${ISSUER}/issue\\.test`,
      missed: /✕ even with leases that keep nobody apart, an order number has one finalised ACME order/,
    },
  ],
  [
    "the journal of ACME orders made",
    {
      file: `${ISSUER}/current-acme-order.ts`,
      from: 'if ((await journal.append("ordered", now(), { orderUrl: acmeOrder.url })) === "exists") {',
      to: "if (now().getTime() === 0) {",
      tests: `${ISSUER}/issue\\.test`,
      missed:
        /✕ ends with the CA's final reason though it could be recorded only later, without another ACME order/,
    },
  ],
  [
    "the journal of finalisations",
    {
      file: `${ISSUER}/finalized-acme-order.ts`,
      from: 'await journal.append("finalizing", now(), { orderUrl: url, ca: name });\n',
      to: "",
      tests: `${ISSUER}/(issue|crash)\\.test`,
      missed: /✕ (even with leases that keep nobody apart|an issuer killed|makes no second ACME order)/,
    },
  ],
  [
    "the budgets",
    {
      file: `${ISSUER}/payment.ts`,
      from: 'if (grant.kind === "granted") return;',
      to: "if (grant) return;",
      tests: `${ISSUER}/renewal\\.test`,
      missed: /✕ lets a removal wait for the budget with the site served/,
    },
  ],
  [
    "the look at the edge before the certificate before is taken away",
    {
      file: `${ISSUER}/issue.ts`,
      from: "    await seenAtEdge(ports, orderWork, certificate.chainPem, { ...ids });\n",
      to: "",
      tests: `${ISSUER}/renewal\\.test`,
      missed: /✕ keeps the certificate before until the edge shows the new one/,
    },
  ],
  [
    "the question which CA issued what is replaced",
    {
      file: `${ISSUER}/current-acme-order.ts`,
      from: 'lifecycle === "renewing" && isIssuers ?',
      to: 'lifecycle === "renewing" ?',
      tests: `${ISSUER}/renewal\\.test`,
      missed: /✕ names what it replaces to the CA alone that issued it/,
    },
  ],
  [
    "the seal of page tokens",
    {
      file: "runtime/workloads/domain-api/page-tokens.ts",
      from: "const nonce = randomBytes(NONCE_BYTES);\n",
      to: "if (token) return token;\n    const nonce = randomBytes(NONCE_BYTES);\n",
      tests: "runtime/workloads/domain-api/list-domains\\.test",
      missed: /✕ a page token shows nothing of the next name/,
    },
  ],
];

let program: CopiedProgram;

beforeEach(async () => {
  program = await CopiedProgram.make();
  await cp(join(REPOSITORY, "jest.config.js"), join(program.folder, "jest.config.js"));
  await cp(join(REPOSITORY, "test"), join(program.folder, "test"), { recursive: true });
});

afterEach(() => program[Symbol.asyncDispose]());

test.each(GUARDS)("without %s, a test fails", async (_, { file, from, to, tests, missed }) => {
  await program.edit(file, from, to);
  const { code, out, err } = await jest(tests);

  expect(err + out).toMatch(missed);
  expect(code).toBe(1);
});

test("with all of them, the same tests pass", async () => {
  const patterns = new Set(GUARDS.map(([, { tests }]) => tests));
  const { code, err } = await jest([...patterns].join("|"));

  expect(err).toMatch(/^Tests: +\d+ passed, \d+ total$/m);
  expect(code).toBe(0);
});

function jest(pattern: string) {
  const args = ["--experimental-vm-modules", "--no-warnings", "node_modules/jest/bin/jest.js"];
  return finish(
    spawn(process.execPath, [...args, "--verbose", "--maxWorkers=1", pattern], {
      cwd: program.folder,
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}
