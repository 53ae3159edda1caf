import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { GCP } from "../services/google/package.ts";
import { TestSession, urnOf } from "../services/testing/session.ts";

const MAP = "gcp:compute/uRLMap:URLMap";
const BACKEND = "gcp:compute/backendService:BackendService";
const GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup";
const RING = "gcp:kms/keyRing:KeyRing";
const SERVICE = "gcp:projects/service:Service";
const ZONE = "gcp:dns/managedZone:ManagedZone";
const RECORD = "gcp:dns/recordSet:RecordSet";
const ADDRESS = "gcp:compute/globalAddress:GlobalAddress";
const GRANT = "gcp:projects/iAMMember:IAMMember";
const MANAGED = { loadBalancingScheme: "EXTERNAL_MANAGED" };

let session: TestSession;
let count = 0;

/** Makes a resource under a name of its own. */
async function make(type: string, news: Record<string, unknown>): Promise<string> {
  count += 1;
  return (await session.make(urnOf(type, `r${count}`), news)).id;
}

beforeAll(async () => {
  session = await TestSession.start(GCP);
  await session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
});

beforeEach(() => session.enable("compute.googleapis.com"));

afterAll(() => session.stop());

describe("Services", () => {
  test("are enabled by the program's own resource, for its project alone", async () => {
    session.kernel.resources.remove(SERVICE, "acme/compute.googleapis.com");
    await expect(make(ADDRESS, { name: "a" })).rejects.toMatchObject({
      code: grpc.status.PERMISSION_DENIED,
      details: expect.stringMatching(
        /^Error 403: compute\.googleapis\.com has not been used in project acme .*SERVICE_DISABLED.*\(https:\S+\)\.$/,
      ),
    });
    await make(SERVICE, { service: "compute.googleapis.com" });
    await make(ADDRESS, { name: "a" });
    await expect(make(ADDRESS, { name: "a", project: "other" })).rejects.toThrow("in project other");
  });

  test("stay enabled when the program lets go of them, unless it says otherwise", async () => {
    session.kernel.resources.remove(SERVICE, "acme/compute.googleapis.com");
    for (const [disableOnDestroy, left] of [
      [false, true],
      [true, false],
    ]) {
      const urn = urnOf(SERVICE, `compute-${disableOnDestroy}`);
      const { id } = await session.make(urn, { service: "compute.googleapis.com", disableOnDestroy });
      await session.delete(urn, id);
      expect(session.kernel.resources.get(SERVICE, id) !== undefined).toBe(left);
      session.kernel.resources.remove(SERVICE, id);
    }
  });
});

describe("Deletion", () => {
  test("waits until nothing refers to the resource", async () => {
    const urn = urnOf(BACKEND, "held");
    const { id } = await session.make(urn, { name: "held", ...MANAGED });
    const mapUrn = urnOf(MAP, "holder");
    const map = await session.make(mapUrn, {
      name: "holder",
      defaultService: `https://www.googleapis.com/compute/v1/${id}`,
    });
    await expect(session.delete(urn, id)).rejects.toMatchObject({
      code: grpc.status.FAILED_PRECONDITION,
      details: expect.stringMatching(
        /cannot be deleted while it is the defaultService of .*"projects\/acme\/global\/urlMaps\/holder"/,
      ),
    });
    await session.delete(mapUrn, map.id);
    await session.delete(urn, id);
    expect(session.kernel.resources.get(BACKEND, id)).toBeUndefined();
  });

  test("leaves a key ring's name taken for good", async () => {
    const urn = urnOf(RING, "ring");
    const news = { name: "once", location: "europe-west1" };
    const { id } = await session.make(urn, news);
    await session.delete(urn, id);
    await expect(session.make(urn, news)).rejects.toMatchObject({
      code: grpc.status.ALREADY_EXISTS,
      details: expect.stringMatching(
        /^Error 409: .*keyRings\/once" already exists: what is deleted keeps its name/,
      ),
    });
  });
});

describe("What only other resources show", () => {
  test("a serverless backend takes no timeout, and no balancing", async () => {
    const group = await make(GROUP, { name: "g", cloudRun: { service: "api" } });
    const urn = urnOf(BACKEND, "serverless");
    const inputs = {
      name: "serverless",
      project: "acme",
      timeoutSec: 60,
      backends: [{ group, balancingMode: "RATE", maxRate: 1 }],
      ...MANAGED,
    };
    await expect(session.create(urn, inputs)).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: expect.stringMatching(
        /timeoutSec must be absent where a backend is serverless; got 60 \(https:.*backends\[0\]\.maxRate must be absent.*balancingMode must be UTILIZATION/,
      ),
    });
  });

  test("a forwarding rule has a reserved address, a free port, and the scheme of the services behind it", async () => {
    const service = await make(BACKEND, { name: "classic", loadBalancingScheme: "EXTERNAL_MANAGED" });
    const urlMap = await make(MAP, { name: "plain", defaultService: service });
    const target = await make("gcp:compute/targetHttpProxy:TargetHttpProxy", { name: "p", urlMap });
    await make(ADDRESS, { name: "front", address: "203.0.113.77" });
    const type = "gcp:compute/globalForwardingRule:GlobalForwardingRule";
    const rule = { target, project: "acme", portRange: "80", ipAddress: "203.0.113.77", ...MANAGED };
    const create = (change: Record<string, unknown>) =>
      session.create(urnOf(type, String(change.name)), { ...rule, ...change });
    await expect(create({ name: "a", ipAddress: "203.0.113.99" })).rejects.toThrow(
      'ipAddress must be a reserved address; got "203.0.113.99"',
    );
    await expect(create({ name: "b", loadBalancingScheme: "EXTERNAL" })).rejects.toThrow(
      /loadBalancingScheme must be that of .*backendServices\/classic, EXTERNAL_MANAGED; got "EXTERNAL"/,
    );
    await create({ name: "c" });
    await expect(create({ name: "d" })).rejects.toThrow(
      /portRange must be free on its address, and .*\/c has it/,
    );
    await create({ name: "e", portRange: "8080", ipAddress: "projects/acme/global/addresses/front" });
  });

  test("an HTTPS proxy takes no map that redirects to HTTPS", async () => {
    const urlMap = await make(MAP, {
      name: "to-https",
      defaultUrlRedirect: { httpsRedirect: true, stripQuery: false },
    });
    const map = await make("gcp:certificatemanager/certificateMap:CertificateMap", { name: "for-https" });
    const certificateMap = `//certificatemanager.googleapis.com/${map}`;
    await expect(
      make("gcp:compute/targetHttpsProxy:TargetHttpsProxy", { name: "secure", urlMap, certificateMap }),
    ).rejects.toThrow("urlMap must be a map without defaultUrlRedirect.httpsRedirect, for HTTP alone");
  });

  test("a record is in its zone, and a CNAME stands alone and not at the zone's own name", async () => {
    await make(ZONE, { name: "z", dnsName: "acme.test." });
    const record = { managedZone: "z", ttl: 60, type: "A", rrdatas: ["192.0.2.1"] };
    const alias = { ...record, type: "CNAME", rrdatas: ["edge.acme.test."] };
    await expect(make(RECORD, { ...record, name: "shop.other.test." })).rejects.toThrow(
      'name must be in the zone, acme.test.; got "shop.other.test."',
    );
    await expect(make(RECORD, { ...alias, name: "acme.test." })).rejects.toThrow(
      "must not be CNAME at the zone",
    );
    await make(RECORD, { ...record, name: "Shop.Acme.test." });
    await expect(make(RECORD, { ...alias, name: "shop.acme.test." })).rejects.toThrow(
      "must stand alone at its name",
    );
    await make(RECORD, { ...record, type: "TXT", name: "shop.acme.test.", rrdatas: ['"a"'] });
  });

  test("a certificate has an authorization for each of its domains, and a map a host once", async () => {
    const authorization = await make("gcp:certificatemanager/dnsAuthorization:DnsAuthorization", {
      name: "shop",
      domain: "shop.acme.test",
    });
    const managed = { domains: ["shop.acme.test", "*.shop.acme.test"], dnsAuthorizations: [authorization] };
    const certificate = "gcp:certificatemanager/certificate:Certificate";
    const id = await make(certificate, { name: "shop", managed });
    const more = { ...managed, domains: ["shop.acme.test", "api.acme.test"] };
    await expect(make(certificate, { name: "more", managed: more })).rejects.toThrow(
      'managed.domains[1] must have a DNS authorization of its own among dnsAuthorizations; got "api.acme.test"',
    );
    await make("gcp:certificatemanager/certificateMap:CertificateMap", { name: "map" });
    const entry = { map: "map", hostname: "shop.acme.test", certificates: [id] };
    const entries = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry";
    await make(entries, { ...entry, name: "one" });
    await expect(make(entries, { ...entry, name: "two" })).rejects.toThrow(
      "hostname must be in one entry of its map",
    );
  });

  test("a grant is to a service account that exists, where its project is known here", async () => {
    const grant = { project: "acme", role: "roles/pubsub.publisher" };
    await expect(
      make(GRANT, { ...grant, member: "serviceAccount:nobody@acme.iam.gserviceaccount.com" }),
    ).rejects.toThrow("member must be a service account that exists");
    await make(GRANT, { ...grant, member: "serviceAccount:guest@elsewhere.iam.gserviceaccount.com" });
    await make("gcp:serviceaccount/account:Account", { accountId: "somebody" });
    await make(GRANT, { ...grant, member: "serviceAccount:somebody@acme.iam.gserviceaccount.com" });
  });
});
