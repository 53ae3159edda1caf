import { z } from "zod";
import type { CloudInventory } from "../daemon/cloud-process.ts";
import type { ProviderPorts, Workspace } from "./workspace.ts";

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  delete: z.boolean().optional(),
});
type Resource = z.infer<typeof resourceSchema>;

const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resourceSchema).default([]),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource: resourceSchema })).default([]),
  }),
});
type Export = z.infer<typeof exportSchema>;

/**
 * Finds out what became of what an update was doing when it or the cloud was killed, where Pulumi would warn and leave
 * the answer to a person: the cloud knows what it holds. What was made comes into the state, what was deleted leaves
 * it, and what was changed is read again.
 *
 * @param own what the cloud holds of this stack
 */
export async function resolvePendingOperations(
  workspace: Workspace,
  providers: ProviderPorts,
  own: CloudInventory,
): Promise<void> {
  const { stdout } = await workspace.run(["stack", "export", "--stack", workspace.stack]);
  const { resolved, unread } = resolve(exportSchema.parse(JSON.parse(stdout)), own);
  await workspace.run(["stack", "import", "--stack", workspace.stack], JSON.stringify(resolved));
  if (unread.length === 0) return;
  const targets = unread.flatMap((urn) => ["--target", urn]);
  await workspace.run(
    ["refresh", "--yes", "--skip-preview", "--stack", workspace.stack, ...targets],
    undefined,
    providers,
  );
}

/** @returns `unread`: URNs of which the state does not know all that the cloud does. */
export function resolve(
  exported: Export,
  cloud: CloudInventory,
): { readonly resolved: Export; readonly unread: readonly string[] } {
  const { resources, pending_operations, ...rest } = exported.deployment;
  const isThere = ({ type, id }: Resource) => cloud.some((held) => held.kind === type && held.id === id);
  let known = resources;
  const unread: string[] = [];
  for (const { type, resource } of pending_operations) {
    const { urn } = resource;
    if (type === "creating") {
      const made = cloud.find(
        (held) =>
          held.urn === urn &&
          held.kind === resource.type &&
          !known.some((one) => one.type === held.kind && one.id === held.id),
      );
      if (made === undefined) continue;
      // Of two under one URN, the older is what the newer was to replace.
      known = known.map((one) => (one.urn === urn ? { ...one, delete: true } : one));
      known = [...known, { ...resource, id: made.id }];
    } else if (type === "deleting" && !isThere(resource)) {
      known = known.filter((one) => one.urn !== urn || one.id !== resource.id);
      continue;
    }
    unread.push(urn);
  }
  for (const held of cloud) {
    if (known.some(({ type, id }) => type === held.kind && id === held.id)) continue;
    known = [...known, unheardOf(held, known)];
    unread.push(held.urn);
  }
  const resolved = { ...exported, deployment: { ...rest, resources: known, pending_operations: [] } };
  const left = unread.filter((urn) => known.some((one) => one.urn === urn && !one.delete));
  return { resolved, unread: [...new Set(left)] };
}

/**
 * What the cloud made and could not tell of before it was killed: the engine then takes it for not made. All that is
 * known of it by now is where it belongs; reading it tells the rest. Made a second time since, it is to go.
 */
function unheardOf({ urn, kind: type, id }: CloudInventory[number], known: readonly Resource[]): Resource {
  const provider = known.find((one) => one.type === `pulumi:providers:${type.split(":")[0]}`);
  return {
    ...{ urn, type, id, custom: true, inputs: {}, outputs: {} },
    ...(provider && { provider: `${provider.urn}::${provider.id}` }),
    ...(known.some((one) => one.urn === urn && !one.delete) && { delete: true }),
  };
}
