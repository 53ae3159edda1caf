import { z } from "@hono/zod-openapi";
import type { Proof } from "../../certificates/ownership/ownership.ts";
import { type Finding, findingSchema } from "../../certificates/registry/findings.ts";
import { PHASES, STATES } from "../../certificates/registry/lifecycle.ts";
import type { JournaledCertificate } from "../../certificates/registry/state.ts";
import type { DomainView } from "../../certificates/registry/view.ts";

/** Every field is always there; what there is nothing to say of is `null`. */
const summaryFields = {
  domain: z.string().openapi({ example: "shop.example.com" }),
  state: z.enum(STATES),
  isRenewing: z.boolean().openapi({
    description: "Whether an order is under way whose certificate will take the place of the served one.",
  }),
  reason: z
    .string()
    .nullable()
    .openapi({ description: "Why it failed, waits, is paused, or was not restored, for a person." }),
  orderNumber: z.number().int().positive(),
  notBefore: z.iso.datetime().nullable().openapi({ description: "When the served certificate began." }),
  notAfter: z.iso.datetime().nullable().openapi({ description: "When the served certificate ends." }),
  retryAt: z.iso
    .datetime()
    .nullable()
    .openapi({ description: "Before this, registering again changes nothing." }),
  dueAt: z.iso
    .datetime()
    .nullable()
    .openapi({ description: "When the platform looks at it again by itself, if not sooner." }),
};

export const domainSummarySchema = z.object(summaryFields).openapi("DomainSummary");

export const domainSchema = z
  .object({
    ...summaryFields,
    phases: z.array(z.object({ phase: z.enum(PHASES), at: z.iso.datetime() })),
    ownership: z
      .object({ method: z.enum(["txt", "cname"]), name: z.string(), value: z.string() })
      .nullable()
      .openapi({ description: "The DNS record that shows whose the name is. Null where none is asked for." }),
    normalizedFrom: z
      .string()
      .optional()
      .openapi({ description: "The name as the request wrote it, where that is not its one form." }),
  })
  .openapi("Domain");

export const domainPageSchema = z
  .object({
    domains: z.array(domainSummarySchema),
    nextPageToken: z.string().nullable().openapi({ description: "Null on the last page, and only there." }),
  })
  .openapi("DomainPage");

export const certificateSchema = z
  .object({
    domain: z.string(),
    orderNumber: z.number().int().positive(),
    version: z.string().nullable().openapi({ description: "The backup that a restore would take." }),
    serial: z.string().nullable(),
    issuer: z.string().nullable(),
    notAfter: z.iso.datetime().nullable(),
    finding: findingSchema
      .nullable()
      .openapi({ description: "What a restore or a verification last found. For operators." }),
  })
  .openapi("Certificate");

/** A domain of which the issuer was asked something. */
export const askedSchema = domainSchema
  .extend({ request: z.string().openapi({ description: "What the certificate's `finding` will name." }) })
  .openapi("AskedDomain");

export type CertificateResource = z.output<typeof certificateSchema>;
export type DomainResource = z.output<typeof domainSchema>;
export type DomainSummary = z.output<typeof domainSummarySchema>;

export function summaryOf({
  domain,
  state,
  isRenewing,
  reason,
  orderNumber,
  notBefore,
  notAfter,
  retryAt,
  dueAt,
}: DomainView): DomainSummary {
  return {
    domain,
    state,
    isRenewing,
    reason: reason ?? null,
    orderNumber,
    notBefore: notBefore ?? null,
    notAfter: notAfter ?? null,
    retryAt: retryAt ?? null,
    dueAt: dueAt ?? null,
  };
}

export function resourceOf(
  view: DomainView,
  proof: Proof | undefined,
  normalizedFrom?: string,
): DomainResource {
  return {
    ...summaryOf(view),
    phases: view.phases.map(({ phase, at }) => ({ phase, at })),
    ownership: proof ?? null,
    ...(normalizedFrom !== undefined && { normalizedFrom }),
  };
}

export function certificateResourceOf(
  certificate: JournaledCertificate & {
    readonly domain: string;
    readonly orderNumber: number;
    readonly finding?: Finding | undefined;
  },
): z.output<typeof certificateSchema> {
  const { domain, orderNumber, version, serial, issuer, notAfter, finding } = certificate;
  return {
    domain,
    orderNumber,
    version: version ?? null,
    serial: serial ?? null,
    issuer: issuer ?? null,
    notAfter: notAfter ?? null,
    finding: finding ?? null,
  };
}

export const accountsSchema = z
  .object({
    accounts: z.array(
      z.object({
        ca: z.string().openapi({ description: "The CA's name in the configuration." }),
        url: z.url(),
        caaIdentities: z.array(z.string()).openapi({ example: ["letsencrypt.org"] }),
        since: z.iso.datetime(),
      }),
    ),
  })
  .openapi("Accounts");
export type AccountsResource = z.output<typeof accountsSchema>;
