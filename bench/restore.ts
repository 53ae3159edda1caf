import { openCertificateBackups } from "../runtime/certificates/backup/certificate-backups.ts";
import { createDataKey } from "../runtime/certificates/backup/envelope.ts";
import { certificateFacts } from "../runtime/certificates/certificate-facts.ts";
import { TestIssuingKey } from "../runtime/certificates/testing/issuing-key.ts";
import { Secret } from "../runtime/workload/secret.ts";
import { TestWorld } from "../runtime/workloads/certificate-issuer/testing/world.ts";
import type { Measurement } from "./measurement.ts";

const DOMAINS = 1_000;
const CUSTOMERS = 50;
const VERSION = "00000001";
/** What every wait for the CDN's hour may come to together: a domain that waits longer will wait for ever. */
const MAX_WAITS = 5_000;

export const restore: Measurement = {
  name: "restore",
  description: `${DOMAINS} certificates brought back from the backups to an empty CDN`,
  conditions: `one after the other by the issuer's handler, of ${CUSTOMERS} customers; buckets and KMS in memory, Fastly's API over HTTP; a clock that passes at once where the CDN's hour is waited for`,
  async run(say) {
    const issuer = await TestIssuingKey.create();
    const world = await TestWorld.create(issuer);
    try {
      const names = Array.from({ length: DOMAINS }, (_, index) => `shop-${index}.bench.test`);
      for (const [index, name] of names.entries())
        await backUp(world, issuer, name, `c${index % CUSTOMERS}@bench.test`);
      say(`${DOMAINS} backed up`);
      const [startedAt, simulatedAt] = [performance.now(), world.now().getTime()];
      let waits = 0;
      for (const domain of names) {
        while (!(await restored(world, domain))) {
          if (++waits > MAX_WAITS) throw new Error(`${domain} was not restored.`);
        }
      }
      const seconds = (performance.now() - startedAt) / 1_000;
      const missing = names.filter((name) => !world.fastly.served(name));
      if (missing.length > 0) throw new Error(`${missing.length} are not served, ${missing[0]} for one.`);
      const simulated = (world.now().getTime() - simulatedAt) / 1_000;
      return [
        { name: `restore ${DOMAINS}, the issuer's own time`, value: seconds, unit: "s" },
        {
          name: `restore ${DOMAINS} within the CDN's limit`,
          value: simulated,
          unit: "s",
          note: `${(simulated / 3_600).toFixed(1)} h; ${waits} waits`,
        },
      ];
    } finally {
      await world.end();
    }
  },
};

async function backUp(
  world: TestWorld,
  issuer: TestIssuingKey,
  domain: string,
  customer: string,
): Promise<void> {
  await world.register(domain, { lifecycle: "active", customer });
  const { cert, key } = await issuer.server([{ dns: domain }]);
  const dataKey = await createDataKey(world.wrapper, { owner: domain, version: VERSION });
  const backups = openCertificateBackups(world.backupObjects, world.wrapper);
  const certificate = { chainPem: cert, keyPem: new Secret(key) };
  await backups.save(domain, VERSION, certificate, dataKey, certificateFacts(cert));
}

/** Once more is of use when the record's time has come, which the clock then is at. */
async function restored(world: TestWorld, domain: string): Promise<boolean> {
  const outcome = await world.deliver({ action: "restore", domain, orderNumber: 1, request: domain });
  if (outcome !== "died" && outcome.kind === "done") return true;
  const finding = await world.ports().findings.read(domain);
  const until = finding?.retryAt;
  if (!until) throw new Error(`${domain} was not restored: ${finding?.reason ?? JSON.stringify(outcome)}`);
  world.letPass(Math.max(1_000, Date.parse(until) - world.now().getTime()));
  return false;
}
