import type { IncomingMessage, ServerResponse } from "node:http";
import { answerText } from "./answer-text.ts";
import type { HttpApi, Principal, Tokens } from "./contract.ts";
import { projectNumber } from "./project-number.ts";

const ROOT = "/computeMetadata/v1";
const ACCOUNT = /^\/computeMetadata\/v1\/instance\/service-accounts\/([^/]+)\/(identity|token|email|scopes)$/;

/**
 * What an instance asks about itself. There is one on each identity's port, so "default" is that identity.
 *
 * @see https://cloud.google.com/run/docs/container-contract#metadata-server
 */
export class MetadataServer implements HttpApi {
  readonly name = "metadata";
  readonly #tokens: Tokens;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  matches(request: IncomingMessage): boolean {
    return request.url === "/" || request.url?.startsWith(ROOT) === true;
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("Metadata-Flavor", "Google");
    if (request.url !== "/" && request.headers["metadata-flavor"] !== "Google") {
      response.writeHead(403).end("Missing Metadata-Flavor:Google header.");
      return;
    }
    const answer = await this.#answer(principal, new URL(request.url ?? "/", "http://metadata"));
    if (answer === undefined) response.writeHead(404).end("Not found.");
    else if (typeof answer === "string") answerText(response, 200, "application/text", answer);
    else answerText(response, 200, "application/json", JSON.stringify(answer));
  }

  async #answer({ email }: Principal, url: URL): Promise<string | object | undefined> {
    const project = email.slice(email.indexOf("@") + 1).replace(/\.iam\.gserviceaccount\.com$/, "");
    switch (url.pathname) {
      case "/":
        return "computeMetadata/\n";
      case `${ROOT}/project/project-id`:
        return project;
      case `${ROOT}/project/numeric-project-id`:
        return projectNumber(project);
      case `${ROOT}/universe/universe-domain`:
        return "googleapis.com";
      case `${ROOT}/instance`:
      case `${ROOT}/instance/`:
        return "service-accounts/\n";
      case `${ROOT}/instance/service-accounts/`:
        return `default/\n${email}/\n`;
    }
    const [, account, what] = ACCOUNT.exec(url.pathname) ?? [];
    if (account !== "default" && account !== email) return undefined;
    if (what === "email") return email;
    if (what === "scopes") return "https://www.googleapis.com/auth/cloud-platform\n";
    if (what === "token") {
      return { access_token: this.#tokens.accessToken(email), expires_in: 3599, token_type: "Bearer" };
    }
    const audience = url.searchParams.get("audience");
    return audience ? this.#tokens.idToken(email, audience) : undefined;
  }
}
