import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { expect, test } from "@jest/globals";
import * as x509 from "@peculiar/x509";
import { certificateIdOf } from "./certificate-id.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const KEY_ID = "69885b6b87464041e1b37b847ba0ae2cde01c8d4";

async function certificate(serialNumber: string, extensions: x509.Extension[]): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const signed = await x509.X509CertificateGenerator.createSelfSigned(
    { serialNumber, name: "CN=leaf", keys, signingAlgorithm: ALGORITHM, extensions },
    webcrypto as never,
  );
  return signed.toString("pem");
}

test("is issuer's key id and serial number, whose leading zero byte counts", async () => {
  const keyId = new x509.AuthorityKeyIdentifierExtension(KEY_ID);
  const leaf = await certificate("0087654321", [keyId]);
  const other = await certificate("01", [keyId]);
  expect(certificateIdOf(`${leaf}\n${other}\n`)).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  expect(certificateIdOf(`${other}\n${leaf}\n`)).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQ");
});

test("is unknown of a certificate that does not name its issuer's key", async () => {
  expect(certificateIdOf(await certificate("01", []))).toBeUndefined();
});
