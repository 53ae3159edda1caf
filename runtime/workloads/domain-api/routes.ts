import { createRoute, z } from "@hono/zod-openapi";
import { REVOCATION_REASONS } from "../../certificates/acme/certificate-authority.ts";
import { problemSchema } from "./problem.ts";
import {
  accountsSchema,
  askedSchema,
  certificateSchema,
  domainPageSchema,
  domainSchema,
} from "./resources.ts";

/** What one page may hold, for one customer and for those who see every customer's domains. */
export const MAX_PAGE_SIZE = { customer: 100, everyone: 1_000 };
const DEFAULT_PAGE_SIZE = 50;
const PAGE_SIZE_RULE = pageSizeRule(MAX_PAGE_SIZE.everyone);

const nameSchema = z.string("must be a string").openapi({ example: "shop.example.com" });

const revocationQuery = z.strictObject({
  revoke: z
    .enum(REVOCATION_REASONS, `must be one of ${REVOCATION_REASONS.join(", ")}`)
    .optional()
    .openapi({ description: "Has the certificate that goes out of service revoked, for this reason." }),
});

const domainParams = z.object({
  domain: nameSchema.openapi({ param: { name: "domain", in: "path" } }),
});

const adoptionSchema = z.strictObject(
  {
    customer: z.email("must be an account's e-mail address"),
    version: z
      .string()
      .regex(/^00000000-[0-9a-f]{2,40}$/, "must be 00000000- and a serial number, hexadecimal")
      .optional()
      .openapi({ description: "The backup. Without it, what is served already is taken as it is." }),
    serial: z.string().regex(/^[0-9a-f]{2,40}$/, "must be hexadecimal"),
    issuer: z.string().min(1).max(500),
    notBefore: z.iso.datetime(),
    notAfter: z.iso.datetime(),
    certificateId: z.string().max(200).optional().openapi({ description: "RFC 9773's." }),
  },
  "must be a JSON object",
);

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { "application/json": { schema } },
});

const everywhere = {
  400: problem("A field breaks a rule; `errors` names both."),
  401: problem("No ID token for this API's audience."),
  503: problem("Try again after `Retry-After`."),
};

const onChanges = {
  ...everywhere,
  403: problem("The caller may only look."),
  408: problem("The body did not arrive within seconds."),
  429: problem("Try again after `Retry-After`."),
};

export const registerRoute = createRoute({
  method: "post",
  path: "/v1/domains",
  summary: "Register a domain, or try a failed one again. Idempotent.",
  request: {
    body: {
      required: true,
      content: {
        "application/json": { schema: z.strictObject({ domain: nameSchema }, "must be a JSON object") },
      },
    },
  },
  responses: {
    202: {
      ...json("Registered, now or before.", domainSchema),
      headers: z.object({ location: z.string() }),
    },
    409: problem("Another customer's, or being removed."),
    413: problem("The body is over 8 KiB."),
    415: problem("The body is not JSON, or has a content coding."),
    ...onChanges,
    429: problem(
      "The caller's share of registrations, or of places, is taken; try again after `Retry-After`.",
    ),
  },
});

export const listRoute = createRoute({
  method: "get",
  path: "/v1/domains",
  summary: "List the caller's domains by name.",
  request: {
    query: z.strictObject({
      pageSize: z
        .string()
        .regex(/^[0-9]{1,4}$/, PAGE_SIZE_RULE)
        .transform(Number)
        .pipe(z.number().min(1, PAGE_SIZE_RULE).max(MAX_PAGE_SIZE.everyone, PAGE_SIZE_RULE))
        .default(DEFAULT_PAGE_SIZE)
        .openapi({ description: `At most ${MAX_PAGE_SIZE.customer} for customers.` }),
      pageToken: z.string().min(1).optional(),
    }),
  },
  responses: { 200: json("One page.", domainPageSchema), ...everywhere },
});

export const showRoute = createRoute({
  method: "get",
  path: "/v1/domains/{domain}",
  summary: "Show a domain and how far its order is.",
  request: { params: domainParams },
  responses: { 200: json("The domain.", domainSchema), 404: problem("Not the caller's."), ...everywhere },
});

export const removeRoute = createRoute({
  method: "delete",
  path: "/v1/domains/{domain}",
  summary: "Remove a domain. Idempotent until it is gone.",
  request: { params: domainParams, query: revocationQuery },
  responses: { 202: json("Being removed.", domainSchema), 404: problem("Not the caller's."), ...onChanges },
});

export const listAccountsRoute = createRoute({
  method: "get",
  path: "/v1/accounts",
  summary: "List the accounts at CAs under which certificates are ordered.",
  description: "CAA records may let a CA issue to these alone (RFC 8657, `accounturi`).",
  responses: { 200: json("The accounts.", accountsSchema), ...everywhere },
});

export const showCertificateRoute = createRoute({
  method: "get",
  path: "/v1/domains/{domain}/certificate",
  summary: "Show the newest certificate of a domain.",
  request: { params: domainParams },
  responses: { 200: json("The certificate.", certificateSchema), 404: problem("None."), ...everywhere },
});

export const restoreCertificateRoute = createRoute({
  method: "post",
  path: "/v1/domains/{domain}/certificate:restore",
  summary: "Activate the newest backup at the edge again.",
  request: { params: domainParams },
  responses: {
    202: json("Asked for.", askedSchema),
    404: problem("None to restore."),
    409: problem("An order is in progress, or the domain is being removed."),
    ...onChanges,
  },
});

export const renewCertificateRoute = createRoute({
  method: "post",
  path: "/v1/domains/{domain}/certificate:renew",
  summary: "Renew the certificate before its time. Idempotent while that is under way. For operators.",
  request: { params: domainParams, query: revocationQuery },
  responses: {
    202: json("Under way.", domainSchema),
    403: problem("Not an operator."),
    404: problem("Not registered."),
    409: problem("The domain is not served."),
    ...everywhere,
  },
});

export const adoptCertificateRoute = createRoute({
  method: "post",
  path: "/v1/domains/{domain}/certificate:adopt",
  summary: "Register a domain with a certificate that was issued elsewhere. For operators.",
  request: {
    params: domainParams,
    body: {
      required: true,
      content: { "application/json": { schema: adoptionSchema } },
    },
  },
  responses: {
    202: json("Registered; its certificate is being activated.", domainSchema),
    403: problem("Not an operator."),
    409: problem("Registered already."),
    413: problem("The body is over 8 KiB."),
    415: problem("The body is not JSON."),
    ...everywhere,
  },
});

export const verifyCertificateRoute = createRoute({
  method: "post",
  path: "/v1/domains/{domain}/certificate:verify",
  summary: "Look whether backup and edge agree. For operators.",
  request: { params: domainParams },
  responses: {
    202: json("Asked for.", askedSchema),
    403: problem("Not an operator."),
    404: problem("None to look for."),
    ...everywhere,
  },
});

export const checkCertificateRoute = createRoute({
  method: "post",
  path: "/v1/domains/{domain}/certificate:check",
  summary: "Check the domain now, and do what is due, rather than at its next turn. For operators.",
  request: { params: domainParams },
  responses: {
    202: json("Asked for.", domainSchema),
    403: problem("Not an operator."),
    404: problem("Not registered."),
    ...everywhere,
  },
});

export function pageSizeRule(max: number): string {
  return `must be a whole number from 1 to ${max}`;
}
