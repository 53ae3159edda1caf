import { createPublicKey } from "node:crypto";
import { expect, test } from "@jest/globals";
import * as x509 from "@peculiar/x509";
import { TestIssuingKey } from "../testing/issuing-key.ts";
import { newEcdsaKey } from "./account-key.ts";
import { certificateRequest } from "./certificate-request.ts";

const LONG = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.example.test`;

test.each(["shop.example.test", LONG])("asks for %s alone, and is signed by its key", async (domain) => {
  const key = newEcdsaKey();
  const request = new x509.Pkcs10CertificateRequest(certificateRequest(domain, key));

  expect(await request.verify()).toBe(true);
  expect(request.subject).toBe("");
  expect(request.extensions.map(({ type }) => type)).toEqual(["2.5.29.17"]);
  const [names] = request.extensions as x509.SubjectAlternativeNameExtension[];
  expect(names?.names.toJSON()).toEqual([{ type: "dns", value: domain }]);
  const spki = createPublicKey(key.reveal()).export({ type: "spki", format: "der" });
  expect(Buffer.from(request.publicKey.rawData)).toEqual(spki);
});

test("is what a CA signs", async () => {
  const issuer = await TestIssuingKey.create();
  const chain = await issuer.sign(certificateRequest("shop.example.test", newEcdsaKey()));
  expect(new x509.X509Certificate(chain).getExtension(x509.SubjectAlternativeNameExtension)).toBeDefined();
});
