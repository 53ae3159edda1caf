import { expect, test } from "@jest/globals";
import { artefactsOf } from "./artefacts.ts";

const DIGEST = "0123456789abcdef".repeat(4);
const urn = (name: string) => `urn:pulumi:dev::platform::type::${name}`;

test("knows code by the name of its object, an image by its reference, and nothing else", () => {
  const object = "gcp:storage/bucketObject:BucketObject";
  const service = "gcp:cloudrunv2/service:Service";
  const template = (image: string) => ({ template: { containers: [{ image }] } });
  expect(
    artefactsOf([
      { type: object, urn: urn("certs-hosting-code"), outputs: { name: `hosting/${DIGEST}.tar.gz` } },
      { type: object, urn: urn("certs-proxy-code"), outputs: { name: `token-proxy/${DIGEST}.zip` } },
      { type: object, urn: urn("picture"), outputs: { name: "picture.png" } },
      { type: service, urn: urn("certs-hosting"), outputs: template("scratch") },
      { type: service, urn: urn("certs-api"), outputs: template(`docker.pkg.dev/p/api@sha256:${DIGEST}`) },
    ]),
  ).toEqual({
    "certs-api": `sha256:${DIGEST}`,
    hosting: `sha256:${DIGEST}`,
    "token-proxy": `sha256:${DIGEST}`,
  });
});
