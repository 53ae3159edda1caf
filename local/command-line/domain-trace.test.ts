import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ResourceStore } from "../kernel/resource-store.ts";
import { Logging } from "../services/logging/logging.ts";
import { traceDomain } from "./domain-trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

let stateDir: string;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "domain-trace-"));
  const logging = new Logging(
    join(stateDir, "cloud", "logs"),
    new ResourceStore(new DatabaseSync(":memory:")),
  );
  logging.write({
    severity: "NOTICE",
    message: "Audit",
    source: "certs-domain-api",
    trace: TRACE,
    audit: { action: "domain.register", domain: "xn--bcher-kva.example.test", orderNumber: 1 },
  });
  await logging.close();
});

afterAll(() => rmSync(stateDir, { recursive: true }));

test.each(["Bücher.Example.Test.", "XN--bcher-kva.example.test"])(
  "%s is traced under the name that the API gives it",
  async (name) => {
    // The registration is found; what it led to is for a whole platform to tell.
    await expect(traceDomain(name, { stateDir })).rejects.toThrow(`The logs of trace ${TRACE} hold no span`);
  },
);

test("what was never registered is not traced", async () => {
  for (const name of ["other.test", "*.test"]) {
    await expect(traceDomain(name, { stateDir })).rejects.toThrow(
      `No registration of ${name} is in the logs.`,
    );
  }
});
