import type { IncomingMessage, ServerResponse } from "node:http";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { CloudResource, HttpApi, Kernel, Principal } from "../../kernel/contract.ts";
import { objectOf, textOf, textsOf } from "../../kernel/property-values.ts";
import { readBody } from "../google/read-body.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { answerJson } from "../google/rpc-refusal.ts";
import { type Attributes, mapClaims } from "./attribute-mapping.ts";
import { PROVIDER_KIND } from "./federation-kinds.ts";

const HOST = "sts.googleapis.com";
const PATH = "/v1/token";
const MAX_BODY_BYTES = 64 * 1024;
const LIFETIME_SECONDS = 3_600;
/** Google takes no ID token that lives for longer. */
const MAX_TOKEN_LIFETIME_SECONDS = 24 * 3_600;
const EXCHANGE = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
};

/** A refusal in the words of OAuth. @see RFC 6749 section 5.2 */
class ExchangeRefused extends Error {
  readonly code: "invalid_request" | "invalid_target" | "invalid_grant" | "unauthorized_client";

  constructor(code: ExchangeRefused["code"], reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "ExchangeRefused";
    this.code = code;
  }
}

/**
 * Google's Security Token Service: somebody else's ID token for an access token, as a pool's provider allows. It asks
 * for no credentials but the token. A token that comes a second time within its life is taken again, as Google does.
 *
 * @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token (RFC 8693)
 */
export class TokenExchange implements HttpApi {
  readonly name = "sts";
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, [HOST], (path) => path === PATH) && pathOf(request) === PATH;
  }

  async handle(_caller: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const given = parse(await readBody(request, MAX_BODY_BYTES), request.headers["content-type"]);
      answerJson(response, 200, {
        access_token: await this.#exchange(given),
        issued_token_type: EXCHANGE.requested_token_type,
        token_type: "Bearer",
        expires_in: LIFETIME_SECONDS,
      });
    } catch (error) {
      if (!(error instanceof ExchangeRefused)) throw error;
      answerJson(response, 400, { error: error.code, error_description: error.message });
    }
  }

  async #exchange(given: Readonly<Record<string, unknown>>): Promise<string> {
    for (const [field, value] of Object.entries(EXCHANGE)) {
      if (given[field] !== value) throw new ExchangeRefused("invalid_request", `${field} must be ${value}.`);
    }
    const { audience, subject_token: token } = given;
    const name = textOf(audience)?.replace(/^\/\/iam\.googleapis\.com\//, "");
    const provider = this.#kernel.resources
      .list(PROVIDER_KIND)
      .find(({ properties }) => properties.name === name);
    if (name === undefined || provider === undefined) {
      throw new ExchangeRefused("invalid_target", `The target service indicated by "audience" is invalid.`);
    }
    const claims = await verified(String(token), provider);
    const mapped = mapClaims(
      claims,
      objectOf(provider.properties.attributeMapping) as Readonly<Record<string, string>>,
      textOf(provider.properties.attributeCondition),
    );
    if (mapped.kind === "refused") throw new ExchangeRefused("unauthorized_client", mapped.reason);
    const [subject = "", ...sets] = membersOf(name.replace(/\/providers\/.*$/, ""), mapped.attributes);
    return this.#kernel.tokens.accessToken(subject, [subject, ...sets]);
  }
}

/** The token's claims, once its signature, issuer, audience and age are right. */
async function verified(token: string, { properties }: CloudResource): Promise<JWTPayload> {
  const { issuerUri, allowedAudiences, jwksJson } = objectOf(properties.oidc);
  const own = `//iam.googleapis.com/${properties.name}`;
  const allowed = textsOf(allowedAudiences);
  try {
    const keys = createLocalJWKSet(JSON.parse(String(jwksJson)) as JSONWebKeySet);
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ["RS256", "ES256"],
      issuer: String(issuerUri),
      audience: allowed.length > 0 ? [...allowed] : [own, `https:${own}`],
      requiredClaims: ["sub", "iat", "exp"],
    });
    const { iat = 0, exp = 0 } = payload;
    if (exp - iat > MAX_TOKEN_LIFETIME_SECONDS) {
      throw new ExchangeRefused("invalid_grant", "The ID token must live for 24 hours or less.");
    }
    return payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new ExchangeRefused("invalid_grant", `The ID token is not accepted: ${error.message}.`, {
      cause: error,
    });
  }
}

/** What grants may call the bearer: the subject first, then each set that it is in. */
function membersOf(pool: string, { "google.subject": subject, ...others }: Attributes): readonly string[] {
  const at = `//iam.googleapis.com/${pool}`;
  const attributes = Object.entries(others).filter(([name]) => name.startsWith("attribute."));
  return [
    `principal:${at}/subject/${subject}`,
    `principalSet:${at}/*`,
    ...attributes.map(([name, value]) => `principalSet:${at}/${name}/${value}`),
  ];
}

/** Clients send a form or JSON, whose fields are named in camel case then. */
function parse(body: Buffer, type = ""): Readonly<Record<string, unknown>> {
  const text = body.toString("utf8");
  if (!type.startsWith("application/json")) return Object.fromEntries(new URLSearchParams(text));
  try {
    const fields = Object.entries(objectOf(JSON.parse(text)));
    return Object.fromEntries(
      fields.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
    );
  } catch (cause) {
    throw new ExchangeRefused("invalid_request", "Invalid JSON payload received.", { cause });
  }
}
