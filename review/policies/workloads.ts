import { textOf } from "../../local/kernel/property-values.ts";
import { subjectOf } from "../graph/graph-index.ts";
import { SECRET, UNKNOWN } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import { accountsOf, grantsIn } from "./grant.ts";
import { breach, type Policy } from "./policy.ts";
import { INVOKER, type Variable, workloadsOf } from "./workload.ts";

/** Google's own, that everything runs as which names none. */
const DEFAULT_ACCOUNT = /-compute@developer\.gserviceaccount\.com$|@appspot\.gserviceaccount\.com$/;
const CONTENT_HASH = /[0-9a-f]{64}/;
const SECRET_NAME = /(TOKEN|SECRET|PASSWORD|PASSPHRASE|PRIVATE_KEY|API_KEY|CREDENTIALS|WEBHOOK(_URL)?|DSN)$/i;
const OWN_ACCOUNT = "its service account";
const INVOKERS = [INVOKER, "roles/cloudfunctions.invoker"];
/** What a grant to call is on, in each kind of it. */
const CALLED = ["name", "service", "cloudFunction"];
/** With Autopilot, Google looks after its machines. */
const CLUSTER = "gcp:container/cluster:Cluster";
const MACHINES =
  /^gcp:(compute\/(instance|.*[iI]nstanceTemplate|.*[iI]nstanceGroupManager|instanceFromTemplate|instanceFromMachineImage|projectMetadata|projectMetadataItem|machineImage|nodeGroup):|oslogin\/|iap\/tunnel|container\/nodePool:|dataproc\/cluster:|(notebooks|workbench)\/instance:|notebooks\/runtime:|workstations\/|tpu\/|vmwareengine\/|appengine\/flexibleAppVersion:)/;

/** What runs. */
export const WORKLOADS: readonly Policy[] = [
  {
    id: "workload-with-an-account-of-its-own",
    severity: "mandatory",
    reason: "A shared account may do what each of its users needs: one that is taken over is all of them.",
    wayOut: "Make a ServiceIdentity for it alone.",
    source: "Property 7: one service account per subsystem, none default",
    judge(graph) {
      const workloads = workloadsOf(graph);
      return workloads.flatMap(({ resource, account, identities }) => {
        if (textOf(account) === undefined || DEFAULT_ACCOUNT.test(String(account))) {
          return breach(resource, OWN_ACCOUNT, "must be one that is made for it", account);
        }
        const others = workloads.filter(
          (each) => each.resource !== resource && each.identities.some((one) => identities.includes(one)),
        );
        const sure = others.find((each) => each.identities.length === 1 && identities.length === 1);
        const other = sure ?? others[0];
        if (other === undefined) return [];
        const rule = `must not be that of ${subjectOf(other.resource)} too`;
        return breach(resource, OWN_ACCOUNT, rule, sure ? shownAccount(identities) : UNKNOWN);
      });
    },
  },
  {
    id: "workload-with-a-bound",
    severity: "mandatory",
    reason: "A burst or a loop would scale it until the budget is gone, and what it calls with it.",
    wayOut: "Set its greatest number of instances.",
    source: "Property 3: maxInstances everywhere",
    judge: (graph) =>
      workloadsOf(graph).flatMap(({ resource, scaling }) =>
        scaling === undefined || Number(scaling.maxInstances) >= 1
          ? []
          : breach(resource, "its greatest number of instances", "must be set", scaling.maxInstances),
      ),
  },
  {
    id: "workload-closed-to-the-internet",
    severity: "mandatory",
    reason: "Its run.app address would answer past the load balancer and all that guards that.",
    wayOut: "Let it answer to the project alone, or to the project and the load balancer.",
    source: "Property 8: every endpoint rejects who is not meant",
    judge: (graph) =>
      workloadsOf(graph)
        .filter(({ ingress }) => ingress === "open")
        .map(({ resource }) =>
          breach(resource, "ingress", "must be internal, or by a load balancer", "all traffic"),
        ),
  },
  {
    id: "secret-by-reference",
    severity: "mandatory",
    reason: "Whoever may look at the service reads what stands in its environment.",
    wayOut: "Keep it in Secret Manager and refer to a version of it.",
    source: "CIS GCP 1.17, Property 10",
    judge: (graph) =>
      workloadsOf(graph).flatMap(({ resource, variables }) =>
        variables
          .filter(isOpenSecret)
          .map(({ name }) => breach(resource, name, "must refer to a secret", "its text")),
      ),
  },
  {
    id: "secret-by-version",
    severity: "mandatory",
    reason:
      "With `latest`, instances of one revision differ by when they started, and no rollback brings the old one back.",
    wayOut: "Refer to the version that the program made.",
    source: "Property 10: secrets only as version references",
    judge: (graph) =>
      workloadsOf(graph).flatMap(({ resource, variables }) =>
        variables
          .filter(
            (variable) =>
              "secretVersion" in variable && ["", "latest"].includes(textOf(variable.secretVersion) ?? ""),
          )
          .map(({ name, secretVersion }) =>
            breach(resource, name, "must refer to a version by its number", secretVersion),
          ),
      ),
  },
  {
    id: "artefact-by-its-content",
    severity: "mandatory",
    reason: "What a tag names may be another thing in the next environment.",
    wayOut: "Name an image by its digest, and an object by the hash of what is in it.",
    source: "Property 12: built once, same digest promoted",
    judge: (graph) =>
      workloadsOf(graph).flatMap(({ resource, artefacts }) =>
        artefacts
          .filter((artefact) => !CONTENT_HASH.test(textOf(artefact) ?? ""))
          .map((artefact) => breach(resource, "its code", "must be named by a SHA-256 of it", artefact)),
      ),
  },
  {
    id: "no-call-between-workloads",
    severity: "mandatory",
    reason: "Who waits for an answer is down when the other is, and as slow.",
    wayOut: "Publish a message; or have an exemption that says why it must wait.",
    source: "Property 4: message-driven",
    judge(graph) {
      const workloads = workloadsOf(graph);
      return grantsIn(graph)
        .filter(({ role }) => INVOKERS.includes(role))
        .flatMap((grant) => {
          const called = CALLED.flatMap((input) => graph.sourcesOf(grant.resource, input));
          const accounts = accountsOf(graph, grant);
          return workloads
            .filter(
              ({ resource, identities }) =>
                !called.includes(resource) && identities.some((one) => accounts.includes(one)),
            )
            .map(({ resource: caller, identities }) =>
              breach(
                grant.resource,
                grant.input,
                "must be no workload's account",
                identities.length === 1 ? subjectOf(caller) : UNKNOWN,
                nameOf(caller.urn),
              ),
            );
        });
    },
  },
  {
    id: "no-machines",
    severity: "mandatory",
    reason: "Somebody has to patch a machine, and somebody else gets into it.",
    wayOut: "Run it on Cloud Run, as a function or as a job.",
    source: "Property 14: no VM or SSH resource",
    judge: (graph) =>
      graph.graph.resources
        .filter(
          ({ type, inputs }) => MACHINES.test(type) || (type === CLUSTER && inputs.enableAutopilot !== true),
        )
        .map((machine) => breach(machine, "the resource", "must not exist", "a machine, or a way into one")),
  },
];

function isOpenSecret({ name, text }: Variable): boolean {
  return text === SECRET || (SECRET_NAME.test(name) && textOf(text) !== undefined);
}

function shownAccount([account = ""]: readonly string[]): string {
  return account.startsWith("urn:") ? `account ${nameOf(account)}` : account;
}
