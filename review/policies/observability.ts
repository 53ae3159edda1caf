import { objectsOf, textOf } from "../../local/kernel/property-values.ts";
import { UNKNOWN } from "../preview/stack-preview.ts";
import { breach, isUnknown, type Policy, type Violation, valueIn } from "./policy.ts";

const AUDITED = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"];

/** What is seen of it all. */
export const OBSERVABILITY: readonly Policy[] = [
  {
    id: "access-audited",
    severity: "mandatory",
    reason: "Who read a secret or opened a backup would be nowhere to be found.",
    wayOut:
      "Make a gcp.projects.IAMAuditConfig for allServices with ADMIN_READ, DATA_READ and DATA_WRITE, and no exempted members.",
    source: "CIS GCP 2.1",
    judge(graph): readonly Violation[] {
      const configs = graph.ofTypes("gcp:projects/iAMAuditConfig:IAMAuditConfig");
      const whole = configs.find(({ inputs }) => inputs.service === "allServices");
      if (whole === undefined) {
        return [
          {
            sentence: `The project must have an audit configuration for allServices; got ${configs.length === 0 ? "none" : "some services' alone"}.`,
          },
        ];
      }
      const logged = objectsOf(whole.inputs.auditLogConfigs);
      const types = logged.map(({ logType }) => logType);
      return [
        ...AUDITED.filter((type) => !types.includes(type)).map((type) =>
          breach(
            whole,
            "auditLogConfigs",
            `must have ${type}`,
            isUnknown(whole.inputs.auditLogConfigs) ? UNKNOWN : types,
            type,
          ),
        ),
        ...logged
          .filter(({ exemptedMembers }) => Array.isArray(exemptedMembers) && exemptedMembers.length > 0)
          .map(({ exemptedMembers }) => breach(whole, "exemptedMembers", "must be nobody", exemptedMembers)),
      ];
    },
  },
  {
    id: "load-balancer-logged",
    severity: "mandatory",
    reason: "What came in, and what was held off, would be nowhere to be found.",
    wayOut: "Set logConfig to { enable: true, sampleRate: 1 }.",
    source: "CIS GCP 2.16",
    judge: (graph) =>
      graph
        .ofTypes(
          "gcp:compute/backendService:BackendService",
          "gcp:compute/regionBackendService:RegionBackendService",
        )
        .filter(
          ({ inputs: { logConfig } }) =>
            valueIn(logConfig, "enable") !== true || valueIn(logConfig, "sampleRate") === 0,
        )
        .map((backend) => {
          const { logConfig } = backend.inputs;
          const enable = valueIn(logConfig, "enable");
          return breach(backend, "logConfig", "must log requests", isUnknown(enable) ? enable : logConfig);
        }),
  },
  {
    id: "alert-with-a-runbook",
    severity: "mandatory",
    reason: "Whoever is woken at night would not know what to do, or nobody would be woken.",
    wayOut: "Say in documentation what to do first, link the runbook there, and name a notification channel.",
    source: "Property 15: every alert has a runbook",
    judge: (graph) =>
      graph.ofTypes("gcp:monitoring/alertPolicy:AlertPolicy").flatMap((alert) => {
        const { documentation, notificationChannels: channels } = alert.inputs;
        const [content, links] = ["content", "links"].map((name) => valueIn(documentation, name));
        return [
          ...(textOf(content) === undefined
            ? [breach(alert, "documentation.content", "must say what to do first", content)]
            : []),
          ...(objectsOf(links).some(({ url }) => textOf(url) !== undefined)
            ? []
            : [breach(alert, "documentation.links", "must lead to a runbook", links)]),
          ...(Array.isArray(channels) && channels.length > 0
            ? []
            : [
                breach(
                  alert,
                  "notificationChannels",
                  "must have one",
                  isUnknown(channels) ? channels : undefined,
                ),
              ]),
        ];
      }),
  },
];
