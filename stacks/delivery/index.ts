import * as pulumi from "@pulumi/pulumi";
import { Delivery } from "../../components/delivery/delivery.ts";
import { InvalidConfig } from "../checked-config.ts";
import { exampleKeys, parseDeliveryConfig } from "./config.ts";

const NAMESPACE = "delivery:";

const config = checked();
const examples = exampleKeys(config).join(", ");
if (examples !== "") {
  const sentence = `Values of your own must stand in Pulumi.${pulumi.getStack()}.yaml for ${examples}, which are still the example's.`;
  // What a preview warns of, an update would trust.
  if (!pulumi.runtime.isDryRun()) throw new pulumi.RunError(sentence);
  void pulumi.log.warn(sentence);
}

const delivery = new Delivery("delivery", {
  project: config["gcp:project"],
  region: config.region,
  environment: pulumi.getStack(),
  repository: { ownerId: config.repositoryOwnerId, id: config.repositoryId, branch: config.branch },
  operators: config.operators,
});

export const { providerName, backendUrl, secretsProvider } = delivery;

function checked() {
  const values = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(NAMESPACE) || key === "gcp:project")
    .map(([key, value]) => [key.replace(NAMESPACE, ""), value]);
  try {
    return parseDeliveryConfig(Object.fromEntries(values));
  } catch (error) {
    throw error instanceof InvalidConfig ? new pulumi.RunError(error.message) : error;
  }
}
