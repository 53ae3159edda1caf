import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

const count = new pulumi.Config("many-resources").requireNumber("count");

const enabled = new gcp.projects.Service("dns", { service: "dns.googleapis.com" });
const zone = new gcp.dns.ManagedZone("zone", { dnsName: "example.test." }, { dependsOn: enabled });
for (let index = 0; index < count; index += 1) {
  const name = `record-${index}`;
  const record = { managedZone: zone.name, name: `${name}.example.test.`, type: "A", ttl: 60 };
  new gcp.dns.RecordSet(name, { ...record, rrdatas: ["192.0.2.1"] });
}
