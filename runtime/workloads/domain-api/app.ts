import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { RecordContended } from "../../certificates/registry/change.ts";
import type { DomainView } from "../../certificates/registry/view.ts";
import { ObjectStoreError } from "../../google/object-store.ts";
import { PublishFailed } from "../../google/publisher.ts";
import { DeadlineExceeded } from "../../workload/deadline.ts";
import { type Logger, traceFields } from "../../workload/logger.ts";
import { Span } from "../../workload/span.ts";
import { continueTrace } from "../../workload/trace.ts";
import { adoptCertificate } from "./adopt-certificate.ts";
import { type CallerRules, identify, refuseChanges } from "./caller.ts";
import {
  type Asked,
  checkCertificate,
  restoreCertificate,
  showCertificate,
  verifyCertificate,
} from "./certificate.ts";
import { listDomains } from "./list-domains.ts";
import { showDomain } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";
import { fieldErrors, invalidFields, ProblemError } from "./problem.ts";
import { registerDomain } from "./register-domain.ts";
import { removeDomain } from "./remove-domain.ts";
import { renewCertificate } from "./renew-certificate.ts";
import { type BodyRules, requireBody } from "./request-body.ts";
import { refuseOtherMethods, requireJson } from "./request-rules.ts";
import { requestedName, requestedNewName } from "./requested-name.ts";
import { certificateResourceOf, type DomainResource, resourceOf, summaryOf } from "./resources.ts";
import {
  adoptCertificateRoute,
  checkCertificateRoute,
  listAccountsRoute,
  listRoute,
  registerRoute,
  removeRoute,
  renewCertificateRoute,
  restoreCertificateRoute,
  showCertificateRoute,
  showRoute,
  verifyCertificateRoute,
} from "./routes.ts";

export interface DomainApiOptions extends Ports, CallerRules, BodyRules {
  /** Domain of the platform itself, in lower case. */
  readonly reservedZone: string;
  readonly logger: Logger;
}

interface Env {
  Variables: { scope: Scope };
}

/** The domain API. Every refusal is problem+json (RFC 9457); its description is at `/openapi.json`. */
export function createDomainApi(options: DomainApiOptions): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (result.success) return;
      // zod-openapi hands over the refused data, though its type does not say so.
      const data = "data" in result ? result.data : undefined;
      throw invalidFields(fieldErrors(result.error, data));
    },
  });

  app.use("/v1/*", async (context, next) => {
    const trace = continueTrace(context.req.header("traceparent"));
    const caller = identify(context.req.raw.headers, options);
    refuseChanges(caller, context.req.method);
    const logger = options.logger.child({ ...traceFields(trace), caller: caller.email });
    context.set("scope", { caller, trace, logger });
    context.header("cache-control", "no-store");
    const span = new Span(trace);
    await span.run(next);
    // Reads change nothing and come often, and Cloud Run's request log has them.
    const { method, path } = context.req;
    if (method !== "GET") logger.info({ ...span.fields(), status: context.res.status }, `${method} ${path}`);
  });
  app.use("/v1/*", requireBody(options));
  app.post("/v1/domains", requireJson);
  app.post("/v1/domains/:domain/certificate:adopt", requireJson);

  app.openapi(registerRoute, async (context) => {
    const { domain, normalizedFrom } = requestedNewName(
      context.req.valid("json").domain,
      options.reservedZone,
    );
    const view = await registerDomain(options, context.get("scope"), domain);
    return context.json(await described(options, view, normalizedFrom), 202, {
      location: `/v1/domains/${domain}`,
    });
  });
  app.openapi(listRoute, async (context) => {
    const { pageSize, pageToken } = context.req.valid("query");
    const page = await listDomains(options, context.get("scope"), { pageSize, pageToken });
    return context.json(
      { domains: page.domains.map(summaryOf), nextPageToken: page.nextPageToken ?? null },
      200,
    );
  });
  app.openapi(showRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    return context.json(
      await described(options, await showDomain(options, context.get("scope"), domain)),
      200,
    );
  });
  app.openapi(removeRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    const { revoke } = context.req.valid("query");
    const view = await removeDomain(options, context.get("scope"), domain, revoke);
    return context.json(await described(options, view), 202);
  });
  app.openapi(listAccountsRoute, async (context) =>
    context.json({ accounts: [...(await options.accounts.list())] }, 200),
  );
  app.openapi(showCertificateRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    return context.json(
      certificateResourceOf(await showCertificate(options, context.get("scope"), domain)),
      200,
    );
  });
  app.openapi(restoreCertificateRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    return context.json(
      await asked(options, await restoreCertificate(options, context.get("scope"), domain)),
      202,
    );
  });
  app.openapi(renewCertificateRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    const { revoke } = context.req.valid("query");
    const view = await renewCertificate(options, context.get("scope"), domain, revoke);
    return context.json(await described(options, view), 202);
  });
  app.openapi(adoptCertificateRoute, async (context) => {
    const { domain } = requestedNewName(context.req.valid("param").domain, options.reservedZone);
    const adopted = await adoptCertificate(options, context.get("scope"), domain, context.req.valid("json"));
    return context.json(await described(options, adopted), 202);
  });
  app.openapi(verifyCertificateRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    return context.json(
      await asked(options, await verifyCertificate(options, context.get("scope"), domain)),
      202,
    );
  });

  app.openapi(checkCertificateRoute, async (context) => {
    const { domain } = requestedName(context.req.valid("param").domain);
    const view = await checkCertificate(options, context.get("scope"), domain);
    return context.json(await described(options, view), 202);
  });

  app.all("/v1/domains", refuseOtherMethods("GET, POST"));
  app.all("/v1/domains/:domain", refuseOtherMethods("GET, DELETE"));
  app.all("/v1/domains/:domain/certificate", refuseOtherMethods("GET"));
  app.all("/v1/domains/:domain/certificate:adopt", refuseOtherMethods("POST"));
  app.all("/v1/domains/:domain/certificate:renew", refuseOtherMethods("POST"));
  app.all("/v1/domains/:domain/certificate:restore", refuseOtherMethods("POST"));
  app.all("/v1/domains/:domain/certificate:verify", refuseOtherMethods("POST"));
  app.all("/v1/domains/:domain/certificate:check", refuseOtherMethods("POST"));
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Domain API", version: "1", description: "Customers' domains and their certificates." },
  });
  app.all("/openapi.json", refuseOtherMethods("GET"));

  app.notFound((context) =>
    new ProblemError(404, "no-such-path", `Nothing is at ${context.req.path}.`).toResponse(),
  );
  app.onError((error, context) => problemOf(error, context, options.logger).toResponse());
  return app;
}

async function described(
  { ownership }: Ports,
  view: DomainView,
  normalizedFrom?: string,
): Promise<DomainResource> {
  return resourceOf(view, await ownership.proof(view.domain, view.customer), normalizedFrom);
}

async function asked(ports: Ports, { view, request }: Asked) {
  return { ...(await described(ports, view)), request };
}

function problemOf(error: unknown, context: Context<Env>, logger: Logger): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof HTTPException && error.status < 500) {
    return new ProblemError(error.status, "bad-request", error.message);
  }
  if (error instanceof RecordContended) {
    const detail = `"${error.domain}" is being changed by others; try again.`;
    return new ProblemError(503, "contended", detail, { headers: { "retry-after": "1" } });
  }
  const log = context.get("scope")?.logger ?? logger;
  log.error({ error, method: context.req.method, path: context.req.path }, "Request failed");
  if (
    error instanceof ObjectStoreError ||
    error instanceof PublishFailed ||
    error instanceof DeadlineExceeded
  ) {
    return new ProblemError(503, "unavailable", "What this API stands on did not answer; try again.", {
      headers: { "retry-after": "5" },
    });
  }
  return new ProblemError(500, "internal", "The request failed for a reason of ours; it has been logged.");
}
