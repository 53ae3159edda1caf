import type { ResourceStore } from "../../../kernel/contract.ts";
import { objectOf, textOf } from "../../../kernel/property-values.ts";
import type { FastlyStore, StoredDomain } from "../fastly-store.ts";
import { DOMAIN, SERVICE_VCL } from "../kind-tokens.ts";
import { ApiError, badRequest, notFound } from "./api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const DEFAULT_LIMIT = 20;
const LARGEST_LIMIT = 100;
const QUERIES = ["cursor", "fqdn", "fqdn_match", "limit", "service_id"];
/** Ways to match `fqdn`: the first is Fastly's default. */
const MATCHES = ["contains", "exact"];
const NAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Versionless domains: which service the edge gives a name to.
 *
 * @see https://www.fastly.com/documentation/reference/api/domain-management/domains/
 */
export function domains(store: FastlyStore, resources: ResourceStore): Endpoint {
  const find = (id: string): StoredDomain => {
    const domain = store.find("domains", { id });
    if (!domain) throw notFound("a domain", id);
    return domain;
  };
  const serviceIdOf = ({ body }: Call): string | null | undefined => {
    const { service_id: serviceId } = objectOf(body);
    if (serviceId === undefined || serviceId === null) return serviceId;
    const id = textOf(serviceId);
    if (id === undefined || !resources.get(SERVICE_VCL, id)) {
      throw badRequest(`service_id must be the id of a service; got ${JSON.stringify(serviceId)}.`);
    }
    return id;
  };
  return {
    path: "/domain-management/v1/domains",
    mediaType: "application/json",
    list({ query }) {
      const unknown = [...query.keys()].find((name) => !QUERIES.includes(name));
      if (unknown !== undefined)
        throw badRequest(`The query "${unknown}" is not known; they are ${QUERIES.join(", ")}.`);
      const limit = Number(query.get("limit") ?? DEFAULT_LIMIT);
      if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_LIMIT) {
        throw badRequest(
          `limit must be a whole number from 1 to ${LARGEST_LIMIT}; got "${query.get("limit")}".`,
        );
      }
      const rows = matching(store, query);
      const cursor = query.get("cursor") || undefined;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const rest = rows.filter(({ fqdn }) => fqdn > after);
      const onPage = rest.slice(0, limit);
      const last = rest.length > limit ? onPage.at(-1) : undefined;
      return {
        status: 200,
        body: {
          data: onPage.map((row) => shown(store, row)),
          meta: { limit, total: rows.length, ...(last && { next_cursor: encodeCursor(last) }) },
        },
      };
    },
    get: (id) => ({ status: 200, body: shown(store, find(id)) }),
    create(call) {
      const given = textOf(objectOf(call.body).fqdn);
      const fqdn = given?.toLowerCase() ?? "";
      if (!NAME.test(fqdn) || fqdn.length > 253) {
        throw badRequest(`fqdn must be a fully qualified domain name; got ${JSON.stringify(given ?? null)}.`);
      }
      const serviceId = serviceIdOf(call) ?? null;
      const isTaken =
        store.find("domains", { fqdn }) !== undefined ||
        resources.list(DOMAIN).some(({ properties }) => properties.fqdn === fqdn);
      if (isTaken) throw new ApiError(409, "Conflict", `The domain ${fqdn} is taken.`);
      const now = new Date().toISOString();
      const stored = store.add("domains", { fqdn, service_id: serviceId, created_at: now, updated_at: now });
      return { status: 201, body: shown(store, stored) };
    },
    change(id, call) {
      find(id);
      const other = Object.keys(objectOf(call.body)).find((name) => name !== "service_id");
      if (other !== undefined) throw badRequest(`Only service_id can change; got ${other}.`);
      const serviceId = serviceIdOf(call);
      if (serviceId === undefined) throw badRequest("service_id must be set, or null to unlink the domain.");
      store.change("domains", id, { service_id: serviceId, updated_at: new Date().toISOString() });
      return { status: 200, body: shown(store, find(id)) };
    },
    remove(id) {
      find(id);
      store.remove("domains", id);
      return { status: 204 };
    },
  };
}

/** In the order of their names, which is that of a listing's pages too. */
function matching(store: FastlyStore, query: URLSearchParams): readonly StoredDomain[] {
  const [fqdn, serviceId] = [query.get("fqdn")?.toLowerCase(), query.get("service_id")];
  const match = query.get("fqdn_match") ?? "contains";
  if (!MATCHES.includes(match))
    throw badRequest(`fqdn_match must be one of ${MATCHES.join(", ")}; got "${match}".`);
  if (query.has("fqdn_match") && fqdn === undefined)
    throw badRequest("fqdn must be set where fqdn_match is.");
  const rows = store.list("domains", {
    ...(fqdn !== undefined && match === "exact" && { fqdn }),
    ...(serviceId !== null && { service_id: serviceId }),
  });
  return rows
    .filter((row) => fqdn === undefined || row.fqdn.includes(fqdn))
    .sort((a, b) => (a.fqdn < b.fqdn ? -1 : 1));
}

/** Of a page's last domain, by its name: that still tells where to go on when the domain is gone. */
function encodeCursor({ fqdn }: StoredDomain): string {
  return Buffer.from(fqdn).toString("base64url");
}

function decodeCursor(cursor: string): string {
  const fqdn = Buffer.from(cursor, "base64url").toString();
  if (!NAME.test(fqdn)) throw badRequest(`cursor must be the next_cursor of a listing; got "${cursor}".`);
  return fqdn;
}

/** Activated: linked to a service, with TLS for the name. Ownership isn't verified here, as for any new account. */
function shown(store: FastlyStore, { id, fqdn, service_id, created_at, updated_at }: StoredDomain): object {
  const activated = service_id !== null && store.find("activations", { domain: fqdn }) !== undefined;
  return { id, fqdn, service_id, activated, verified: false, created_at, updated_at };
}
