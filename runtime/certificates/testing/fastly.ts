import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { HttpReply, OutgoingRequest } from "../../workload/send-request.ts";

type Json = Record<string, unknown>;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Key {
  readonly id: string;
  readonly name: string;
  readonly spki: string;
}

interface Certificate {
  readonly id: string;
  readonly name: string;
  readonly spki: string;
  readonly leaf: X509Certificate;
  readonly names: readonly string[];
}

interface Activation {
  readonly id: string;
  readonly domain: string;
  readonly configuration: string;
  certificate: string;
}

interface LinkedDomain {
  readonly id: string;
  readonly fqdn: string;
  service_id: string | null;
}

/** Smaller than anybody asks for. */
const PAGE_SIZE = 2;
const HOUR_MS = 3_600_000;

export interface TestFastlyOptions {
  /** @default 2, smaller than anybody asks for. */
  readonly pageSize?: number;
  /** Fastly allows 1,000. @default any number */
  readonly writesPerHour?: number;
  readonly now?: () => Date;
}

/**
 * Fastly's API as its documents describe it, in memory, with the refusals that order its calls: as a
 * server, or without one as a transport's `send`.
 */
export class TestFastly {
  static readonly token = "fastly-token";
  readonly keys: Key[] = [];
  readonly certificates: Certificate[] = [];
  readonly activations: Activation[] = [];
  readonly domains: LinkedDomain[] = [];
  /** `METHOD /path`, in the order of their arrival. */
  readonly calls: string[] = [];
  /** Whether it knows the filter `fqdn_match`, and may so list one name alone. */
  matchesExactly = true;
  /** What to answer in place of doing it. */
  refuse: (call: string) => Answer | undefined = () => undefined;
  /** Runs around every call: what a test uses to lose replies. */
  around: (call: string, handle: () => Promise<Answer>) => Promise<Answer> = (_call, handle) => handle();
  /** When the writes of each hour were, an entry an hour: what a test compares with the limit. */
  readonly writes: { readonly hour: number; count: number }[] = [];
  /** Writes refused because the hour's were spent. */
  refused = 0;
  readonly #options: Required<TestFastlyOptions>;
  readonly #server: Server;
  #ids = 0;

  constructor({
    pageSize = PAGE_SIZE,
    writesPerHour = Number.POSITIVE_INFINITY,
    now = () => new Date(),
  }: TestFastlyOptions = {}) {
    this.#options = { pageSize, writesPerHour, now };
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }

  /** The chain that the edge shows for a domain. */
  served(domain: string): X509Certificate | undefined {
    const id = this.activations.find((one) => one.domain === domain)?.certificate;
    return this.certificates.find((one) => one.id === id)?.leaf;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers: asked } = request;
    const url = new URL(request.url ?? "/", "http://fastly");
    const text = Buffer.concat(await request.toArray()).toString("utf8");
    const { status, body, headers } = await this.around(`${method} ${url.pathname}`, async () =>
      this.#reply(method, url, String(asked["fastly-key"]), text),
    );
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  /** A transport's. */
  async send(
    target: string | URL,
    { method, headers: asked, body = "" }: OutgoingRequest,
  ): Promise<HttpReply> {
    const answer = this.#reply(method, new URL(target), asked?.["fastly-key"], body.toString());
    const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
    return { status: answer.status, headers: { ...answer.headers }, body: Buffer.from(text) };
  }

  #reply(method: string, url: URL, token: string | undefined, text: string): Answer {
    const call = `${method} ${url.pathname}`;
    this.calls.push(call);
    if (token !== TestFastly.token)
      return { status: 401, body: { msg: "Provided credentials are missing or invalid" } };
    return this.refuse(call) ?? this.#limited(method) ?? this.#handle(method, url, text);
  }

  /** Counts a write, or refuses it where the hour's are spent. */
  #limited(method: string): Answer | undefined {
    if (method === "GET") return undefined;
    const hour = Math.floor(this.#options.now().getTime() / HOUR_MS);
    if (this.writes.at(-1)?.hour !== hour) this.writes.push({ hour, count: 0 });
    const current = this.writes.at(-1);
    if (!current) return undefined;
    if (current.count < this.#options.writesPerHour) current.count++;
    else {
      const headers = { "fastly-ratelimit-reset": String(((hour + 1) * HOUR_MS) / 1000) };
      this.refused++;
      return { status: 429, headers, body: { msg: "You have exceeded your hourly rate limit" } };
    }
    return undefined;
  }

  #handle(method: string, url: URL, text: string): Answer {
    const body: Json = text === "" ? {} : JSON.parse(text);
    const [area = "", collection = "", third = "", fourth = ""] = url.pathname.slice(1).split("/");
    if (area === "domain-management") return this.#domains(method, url, body, fourth);
    const data = body.data as Json | undefined;
    switch (`${method} ${collection}`) {
      case "POST private_keys":
        return this.#addKey(data?.attributes as Json);
      case "GET private_keys": {
        const used = new Set(this.certificates.map(({ spki }) => spki));
        const unused = this.keys.filter(({ spki }) => !used.has(spki));
        return this.#page(
          url,
          unused.map(({ id, name }) => ({ id, attributes: { name } })),
        );
      }
      case "DELETE private_keys":
        return this.#drop(this.keys, third, (key) => this.#isUsed(key));
      case "POST certificates":
        return this.#addCertificate(data?.attributes as Json);
      case "GET certificates": {
        const domain = url.searchParams.get("filter[tls_domains.id]") ?? "";
        const matching = this.certificates.filter(({ names }) => names.includes(domain));
        return this.#page(
          url,
          matching.map(({ id, name, leaf }) => ({
            id,
            attributes: { name, serial_number: String(BigInt(`0x${leaf.serialNumber}`)) },
          })),
        );
      }
      case "DELETE certificates":
        return this.#drop(this.certificates, third, ({ id }) =>
          this.activations.some((one) => one.certificate === id),
        );
      case "POST activations":
        return this.#activate(data?.relationships as Json);
      case "GET activations": {
        const domain = url.searchParams.get("filter[tls_domain.id]");
        return this.#page(url, this.activations.filter((one) => one.domain === domain).map(shown));
      }
      case "PATCH activations": {
        const found = this.activations.find(({ id }) => id === third);
        if (!found) return { status: 404 };
        found.certificate = idIn(data?.relationships as Json, "tls_certificate");
        return { status: 200, body: { data: shown(found) } };
      }
      case "DELETE activations":
        return this.#drop(this.activations, third, () => false);
      default:
        return { status: 405 };
    }
  }

  #addKey({ key, name }: Json): Answer {
    const spki = digest(
      createPublicKey(createPrivateKey(String(key))).export({ type: "spki", format: "der" }),
    );
    if (this.keys.some((one) => one.spki === spki)) return { status: 409, body: { msg: "uploaded already" } };
    const added = { id: this.#id("key"), name: String(name), spki };
    this.keys.push(added);
    return { status: 201, body: { data: { id: added.id, attributes: { name } } } };
  }

  #addCertificate({ cert_blob, name }: Json): Answer {
    const leaf = new X509Certificate(String(cert_blob));
    const spki = digest(leaf.publicKey.export({ type: "spki", format: "der" }));
    if (!this.keys.some((key) => key.spki === spki)) return { status: 422, body: { msg: "no matching key" } };
    if (this.certificates.some((one) => one.leaf.raw.equals(leaf.raw))) {
      return { status: 409, body: { msg: "uploaded already" } };
    }
    const names = [...(leaf.subjectAltName ?? "").matchAll(/DNS:([^,]+)/g)].map(([, dns = ""]) => dns);
    const added = { id: this.#id("certificate"), name: String(name), spki, leaf, names };
    this.certificates.push(added);
    return { status: 201, body: { data: { id: added.id, attributes: { name } } } };
  }

  #activate(relationships: Json): Answer {
    const activation = {
      id: this.#id("activation"),
      domain: idIn(relationships, "tls_domain"),
      configuration: idIn(relationships, "tls_configuration"),
      certificate: idIn(relationships, "tls_certificate"),
    };
    if (this.activations.some((one) => one.domain === activation.domain))
      return { status: 409, body: { msg: "activated already" } };
    this.activations.push(activation);
    return { status: 201, body: { data: shown(activation) } };
  }

  #domains(method: string, url: URL, body: Json, id: string): Answer {
    const found = this.domains.find((one) => one.id === id);
    if (method === "GET") {
      const { fqdn: asked = "", fqdn_match: match, cursor } = Object.fromEntries(url.searchParams);
      const isExact = this.matchesExactly && match === "exact";
      const matching = this.domains.filter(({ fqdn }) => (isExact ? fqdn === asked : fqdn.includes(asked)));
      const first = cursor === undefined ? 0 : matching.findIndex((one) => one.id === cursor);
      const { pageSize } = this.#options;
      const next = matching[first + pageSize]?.id;
      const meta = {
        limit: pageSize,
        total: matching.length,
        ...(next !== undefined && { next_cursor: next }),
      };
      return { status: 200, body: { data: matching.slice(first, first + pageSize), meta } };
    }
    if (method === "POST") {
      if (this.domains.some(({ fqdn }) => fqdn === body.fqdn)) return { status: 409, body: { msg: "taken" } };
      const added = { id: this.#id("domain"), fqdn: String(body.fqdn), service_id: String(body.service_id) };
      this.domains.push(added);
      return { status: 201, body: added };
    }
    if (!found) return { status: 404 };
    if (method === "DELETE") return this.#drop(this.domains, id, () => false);
    found.service_id = String(body.service_id);
    return { status: 200, body: found };
  }

  #page(url: URL, all: readonly Json[]): Answer {
    const { pageSize } = this.#options;
    const number = Number(url.searchParams.get("page[number]"));
    const data = all.slice((number - 1) * pageSize, number * pageSize);
    const meta = { total_pages: Math.max(1, Math.ceil(all.length / pageSize)) };
    return { status: 200, body: { data, meta } };
  }

  #isUsed({ spki }: Key): boolean {
    return this.certificates.some((certificate) => certificate.spki === spki);
  }

  #drop<T extends { readonly id: string }>(from: T[], id: string, isUsed: (one: T) => boolean): Answer {
    const index = from.findIndex((one) => one.id === id);
    const found = from[index];
    if (!found) return { status: 404 };
    if (isUsed(found)) return { status: 403, body: { msg: "in use" } };
    from.splice(index, 1);
    return { status: 204 };
  }

  #id(kind: string): string {
    return `${kind}-${++this.#ids}`;
  }
}

function shown({ id, domain, configuration, certificate }: Activation): Json {
  const relation = (type: string, target: string) => ({ data: { type, id: target } });
  return {
    id,
    type: "tls_activation",
    relationships: {
      tls_certificate: relation("tls_certificate", certificate),
      tls_configuration: relation("tls_configuration", configuration),
      tls_domain: relation("tls_domain", domain),
    },
  };
}

function idIn(relationships: Json, name: string): string {
  return (relationships[name] as { data: { id: string } }).data.id;
}

function digest(der: Buffer): string {
  return createHash("sha256").update(der).digest("hex");
}
