import type { ResourceRecord } from "./records.ts";
import { neededBy } from "./references.ts";

/**
 * Visits resources in the order of their deletion: one is visited when all that depend on
 * it, by value, by `dependsOn` or as children, were visited and returned true. Those that
 * must wait for one that returned false are not visited. Throws what a visit threw, once
 * those that were under way have ended.
 */
export async function deletionOrder(
  resources: readonly ResourceRecord[],
  visit: (resource: ResourceRecord) => Promise<boolean>,
): Promise<void> {
  const byUrn = Map.groupBy(resources, ({ urn }) => urn);
  const neededRecords = (resource: ResourceRecord): readonly ResourceRecord[] =>
    [...new Set(neededBy(resource))].flatMap((urn) => byUrn.get(urn) ?? []);
  /** How many of the resources need this one and are not gone yet. */
  const needers = new Map(resources.map((resource) => [resource, 0]));
  const addNeeder = (resource: ResourceRecord, amount: 1 | -1): number => {
    const count = (needers.get(resource) ?? 0) + amount;
    needers.set(resource, count);
    return count;
  };
  const waiting = new Set(resources);
  const thrown: unknown[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let running = 0;

  /** What is not gone needs what it needs, and so on down. */
  const block = (resource: ResourceRecord): void => {
    for (const needed of neededRecords(resource)) {
      if (waiting.delete(needed)) block(needed);
    }
  };

  const release = (resource: ResourceRecord): void => {
    for (const needed of neededRecords(resource)) {
      if (addNeeder(needed, -1) === 0 && waiting.has(needed)) start(needed);
    }
  };

  const start = (resource: ResourceRecord): void => {
    waiting.delete(resource);
    running += 1;
    visit(resource)
      .catch((error: unknown) => {
        thrown.push(error);
        return false;
      })
      .then((gone) => {
        running -= 1;
        if (gone) release(resource);
        else block(resource);
        advance();
      });
  };

  const advance = (): void => {
    if (running > 0) return;
    // A replaced resource and its replacement can point at each other through others: the newest in the file goes first.
    const [newest] = [...waiting].slice(-1);
    if (newest === undefined) end();
    else start(newest);
  };

  for (const resource of resources) {
    for (const needed of neededRecords(resource)) addNeeder(needed, 1);
  }
  for (const resource of resources) {
    if (needers.get(resource) === 0) start(resource);
  }
  advance();
  await ended;
  if (thrown.length > 0) throw thrown[0];
}
