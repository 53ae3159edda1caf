import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { REPOSITORY } from "../local/kernel/place.ts";
import { finish, runCommand, startScript } from "./support/command-line.ts";
import { CopiedProgram } from "./support/copied-program.ts";

const ID = "key-rotated-within-90-days";
const SENTENCE =
  'Resource "certs-backup" (gcp:kms/cryptoKey:CryptoKey): rotationPeriod must be 7776000s (90 days) or less; got 8640000s.';

let broken: CopiedProgram;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "policies-"));
  broken = await CopiedProgram.makeWhole();
  await broken.edit(
    "components/certificate-platform/backup-vault.ts",
    "ROTATION_DAYS = 90",
    "ROTATION_DAYS = 100",
  );
});

afterAll(async () => {
  await broken[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("under Pulumi's own CLI the pack finds nothing in the program", async () => {
  await expect(previewWithPack(REPOSITORY)).resolves.toMatchObject({ failed: false, violations: [] });
});

test("and fails the preview of one that breaks a policy, by what is mandatory of it", async () => {
  const { failed, violations } = await previewWithPack(broken.folder);
  expect(violations).toEqual([
    expect.objectContaining({
      policyName: ID,
      policyPackName: "platform",
      enforcementLevel: "mandatory",
      message: expect.stringContaining(SENTENCE),
      resourceUrn: expect.stringMatching(/CryptoKey::certs-backup$/),
    }),
  ]);
  expect(failed).toBe(true);
});

test("an offline preview of it says the same, with the line that makes it, and is no failure", async () => {
  const args = ["--cwd", broken.folder, "--state-dir", join(folder, "state")];
  const told = `components/certificate-platform/backup-vault.ts:34: ${SENTENCE} Set rotationPeriod to 7776000s or less. (mandatory policy ${ID})`;
  const { code, out } = await runCommand(["preview", "prod", ...args]);
  expect(out.split("\n").filter((line) => line.startsWith("warning: "))).toEqual([`warning: ${told}`]);
  expect(code).toBe(0);
  const { diagnostics } = JSON.parse((await runCommand(["preview", "prod", "--json", ...args])).out);
  expect(diagnostics).toContainEqual(expect.objectContaining({ severity: "warning", message: told }));
});

test("the graphs differ by what changed and nothing else", async () => {
  const graphs = join(folder, "graphs");
  await mkdir(graphs);
  expect(await runCommand(["golden", "--cwd", broken.folder, "--folder", graphs])).toMatchObject({ code: 0 });
  for (const stack of ["local", "dev", "prod"]) {
    const [before, after] = await Promise.all(
      [join(REPOSITORY, "test", "golden"), graphs].map(async (each) =>
        (await readFile(join(each, `${stack}.json`), "utf8")).split("\n"),
      ),
    );
    const changed = after?.filter((line, index) => line !== before?.[index]);
    expect(changed?.map((line) => line.trim())).toEqual(['"rotationPeriod": "8640000s"']);
    expect(after).toHaveLength(before?.length ?? 0);
  }
});

async function previewWithPack(program: string) {
  const script = join(REPOSITORY, "test", "support", "preview-with-pack.ts");
  // Pulumi's CLI starts the pack with the Node that is on the PATH.
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const { code, out, err } = await finish(
    startScript(script, [program, "prod", join(folder, "pack")], { env }),
  );
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as { failed: boolean; violations: readonly unknown[] };
}
