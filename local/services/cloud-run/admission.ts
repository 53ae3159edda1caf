import type { Kernel } from "../../kernel/contract.ts";
import { InvalidToken } from "../../kernel/refusals.ts";
import type { Ingress } from "./contract.ts";
import { type Call, header, type Reply, refusal } from "./exchange.ts";
import type { ServiceSettings } from "./service-settings.ts";

const INVOKE = "run.routes.invoke";
const SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE";

/** Which ways in each rule leaves open. An external load balancer is not internal. */
const OPEN_TO: Readonly<Record<ServiceSettings["ingress"], readonly Ingress[]>> = {
  INGRESS_TRAFFIC_ALL: ["external", "loadBalancer", "pubsub"],
  INGRESS_TRAFFIC_INTERNAL_ONLY: ["pubsub"],
  INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER: ["loadBalancer", "pubsub"],
};

export type Admission =
  | { readonly kind: "admitted"; readonly headers: readonly string[] }
  | { readonly kind: "refused"; readonly reply: Reply; readonly reason: string };

/**
 * Decides as Google's front end: the ingress rule first, which hides the service (404), then
 * the invoker. A token that was checked goes on without its signature, so that nobody can use
 * it elsewhere; where no token is needed, headers pass as they are.
 *
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service
 */
export async function admit(
  { iam, tokens }: Pick<Kernel, "iam" | "tokens">,
  service: ServiceSettings,
  ingress: Ingress,
  { headers }: Pick<Call, "headers">,
): Promise<Admission> {
  if (!OPEN_TO[service.ingress].includes(ingress)) {
    const reason = `ingress ${service.ingress} refuses what came by way of "${ingress}"`;
    return {
      kind: "refused",
      reply: refusal(404, "The requested URL was not found on this server."),
      reason,
    };
  }
  if (service.invokerIamDisabled || iam.allows(undefined, INVOKE, service.id)) {
    return { kind: "admitted", headers };
  }

  // Callers that need Authorization for themselves put the token for Cloud Run here.
  const name = header(headers, "x-serverless-authorization") ? "x-serverless-authorization" : "authorization";
  const [, token] = /^bearer +(\S+)$/i.exec(header(headers, name) ?? "") ?? [];
  if (token === undefined) {
    const reason =
      `The request was not authenticated, and allUsers does not have the permission ${INVOKE} on ${service.id}. ` +
      "Either allow unauthenticated invocations or set the proper Authorization header.";
    return refuse(403, reason, "Bearer");
  }
  try {
    const { email } = await tokens.verifyIdToken(token, service.audiences);
    if (!iam.allows({ email }, INVOKE, service.id)) {
      const reason = `The request was authenticated as ${email}, which does not have the permission ${INVOKE} on ${service.id}.`;
      return refuse(403, reason, 'Bearer error="insufficient_scope"');
    }
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    const rule = error.message.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
    return refuse(
      401,
      `The request was not authenticated: ${error.message}`,
      `Bearer error="invalid_token" error_description="${rule}"`,
    );
  }
  return { kind: "admitted", headers: withoutSignature(headers, name) };
}

function refuse(status: number, reason: string, challenge: string): Admission {
  return { kind: "refused", reply: refusal(status, reason, ["WWW-Authenticate", challenge]), reason };
}

function withoutSignature(headers: readonly string[], name: string): readonly string[] {
  return headers.map((value, at) =>
    at % 2 === 1 && headers[at - 1]?.toLowerCase() === name
      ? value.replace(/\.[^.]*$/, `.${SIGNATURE_REMOVED}`)
      : value,
  );
}
