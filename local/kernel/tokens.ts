import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import {
  type CryptoKey,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import type { Principal, Tokens as TokensContract } from "./contract.ts";
import { InvalidToken } from "./refusals.ts";
import { stableNumber } from "./stable-number.ts";

/** @see https://accounts.google.com/.well-known/openid-configuration */
const ISSUER = "https://accounts.google.com";
const LIFETIME_SECONDS = 3600;

interface Keys {
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  /** Hex. Signs access tokens, which are opaque to all but this cloud. */
  readonly accessKey: string;
}

/** Mints and verifies what Google's identity service would; its keys outlive a restart, so tokens do too. */
export class Tokens implements TokensContract {
  readonly #privateKey: CryptoKey;
  readonly #publicKey: CryptoKey;
  readonly #accessKey: Buffer;

  private constructor(privateKey: CryptoKey, publicKey: CryptoKey, accessKey: Buffer) {
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
    this.#accessKey = accessKey;
  }

  static async open(db: DatabaseSync): Promise<Tokens> {
    db.exec("CREATE TABLE IF NOT EXISTS token_keys (keys TEXT NOT NULL) STRICT");
    const row = db.prepare("SELECT keys FROM token_keys").get() as { keys: string } | undefined;
    const keys: Keys = row ? JSON.parse(row.keys) : await makeKeys();
    if (!row) db.prepare("INSERT INTO token_keys (keys) VALUES (?)").run(JSON.stringify(keys));
    return new Tokens(
      (await importJWK(keys.privateJwk, "RS256")) as CryptoKey,
      (await importJWK(keys.publicJwk, "RS256")) as CryptoKey,
      Buffer.from(keys.accessKey, "hex"),
    );
  }

  async idToken(email: string, audience: string, lifetimeSeconds = LIFETIME_SECONDS): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ azp: stableNumber(email, 21), email, email_verified: true })
      .setProtectedHeader({ alg: "RS256", kid: "local", typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject(stableNumber(email, 21))
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(this.#privateKey);
  }

  async verifyIdToken(
    token: string,
    audiences: readonly string[],
  ): Promise<{ email: string; claims: object }> {
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        algorithms: ["RS256"],
        issuer: ISSUER,
        audience: [...audiences],
      });
      if (typeof payload.email !== "string" || payload.email_verified !== true) {
        throw new InvalidToken("The token has no verified email claim.");
      }
      return { email: payload.email, claims: payload };
    } catch (error) {
      if (error instanceof InvalidToken) throw error;
      if (error instanceof errors.JOSEError) throw new InvalidToken(`${error.message}.`, { cause: error });
      throw new InvalidToken("The token is not a JSON Web Token.", { cause: error });
    }
  }

  accessToken(email: string, members?: readonly string[]): string {
    const exp = Math.floor(Date.now() / 1000) + LIFETIME_SECONDS;
    const body = Buffer.from(JSON.stringify({ email, members, exp })).toString("base64url");
    return `ya29.${body}.${this.#sign(body).toString("base64url")}`;
  }

  principalOf(accessToken: string): Principal | undefined {
    const [prefix, body, signature] = accessToken.split(".");
    if (prefix !== "ya29" || !body || !signature) return undefined;
    const given = Buffer.from(signature, "base64url");
    const due = this.#sign(body);
    if (given.length !== due.length || !timingSafeEqual(given, due)) return undefined;
    const { exp, ...principal } = JSON.parse(Buffer.from(body, "base64url").toString()) as Principal & {
      exp: number;
    };
    return exp * 1000 > Date.now() ? principal : undefined;
  }

  #sign(body: string): Buffer {
    return createHmac("sha256", this.#accessKey).update(body).digest();
  }
}

async function makeKeys(): Promise<Keys> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    privateJwk: await exportJWK(privateKey),
    publicJwk: await exportJWK(publicKey),
    accessKey: randomBytes(32).toString("hex"),
  };
}
