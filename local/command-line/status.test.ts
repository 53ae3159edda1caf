import { expect, test } from "@jest/globals";
import { withoutSecrets, workloadUrls } from "./status.ts";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:…" };

const made = (type: string, name: string, outputs: Record<string, unknown>) => ({
  urn: `urn:pulumi:local::platform::${type}::${name}`,
  type,
  custom: true,
  id: name,
  outputs,
});

test("names each workload's URL by its logical name, a service's and a function's", () => {
  const resources = [
    made("gcp:cloudrunv2/service:Service", "issuer", { uri: "https://issuer-1.a.run.app" }),
    made("gcp:cloudfunctionsv2/function:Function", "api", { url: "https://r-p.cloudfunctions.net/api" }),
    made("gcp:storage/bucket:Bucket", "registry", { url: "gs://registry" }),
    made("gcp:cloudrunv2/service:Service", "halfway", {}),
  ];
  expect(workloadUrls({ resources })).toEqual({
    api: "https://r-p.cloudfunctions.net/api",
    issuer: "https://issuer-1.a.run.app",
  });
  expect(workloadUrls(undefined)).toEqual({});
});

test("shows of secrets, however deep, that they are some", () => {
  expect(withoutSecrets({ name: "a", token: SECRET, nested: [{ key: SECRET }, 1, null] })).toEqual({
    name: "a",
    token: "[secret]",
    nested: [{ key: "[secret]" }, 1, null],
  });
});
