import type { ResourceRecord } from "./records.ts";

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
  const waiting = new Set(resources);
  const running = new Map<ResourceRecord, Promise<void>>();
  const thrown: unknown[] = [];

  /** What is not gone needs what it needs, and so on down. */
  const block = (resource: ResourceRecord): void => {
    for (const urn of neededBy(resource)) {
      for (const needed of [...waiting].filter((other) => other.urn === urn)) {
        waiting.delete(needed);
        block(needed);
      }
    }
  };

  const start = (resource: ResourceRecord): void => {
    waiting.delete(resource);
    const visited = visit(resource)
      .catch((error: unknown) => {
        thrown.push(error);
        return false;
      })
      .then((gone) => {
        running.delete(resource);
        if (!gone) block(resource);
      });
    running.set(resource, visited);
  };

  while (waiting.size > 0 || running.size > 0) {
    const needed = new Set([...waiting, ...running.keys()].flatMap(neededBy));
    const ready = [...waiting].filter(({ urn }) => !needed.has(urn));
    // A replaced resource and its replacement can point at each other through others: the newest in the file goes first.
    if (ready.length === 0 && running.size === 0) ready.push(...[...waiting].slice(-1));
    ready.forEach(start);
    if (running.size > 0) await Promise.race(running.values());
  }
  if (thrown.length > 0) throw thrown[0];
}

function neededBy(resource: ResourceRecord): readonly string[] {
  return [resource.parent, ...resource.dependencies].filter((urn) => urn !== resource.urn);
}
