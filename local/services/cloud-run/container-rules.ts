import { unique } from "../../../review/rules/lists.ts";
import { whole } from "../../../review/rules/numbers.ts";
import { atLeastOneOf, dependent, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inList, inObject, ofText, type Rule } from "../../../review/rules/rule.ts";
import { matching, oneOf } from "../../../review/rules/text.ts";
import {
  isList,
  isProperties,
  listed,
  nested,
  type Properties,
  UNKNOWN,
} from "../../../review/rules/values.ts";
import { brokenCpu, brokenMemory, brokenTogether, CPU, cpus, MEMORY } from "./cpu-memory-rules.ts";
import { PROBE_RULES } from "./probe-rules.ts";
import { secretVersion, unreservedVariable, variableName } from "./setting-rules.ts";

const CONTAINERS = "https://cloud.google.com/run/docs/reference/rest/v2/Container";
const RESERVED_VARIABLES = /^(K_SERVICE|K_REVISION|K_CONFIGURATION)$|^X_GOOGLE_/;
const LIMITS = ["cpu", "memory", "nvidia.com/gpu"];
const SECOND_GENERATION_BYTES = 512 * 1024 ** 2;
const IMAGE =
  /^(scratch|[a-z0-9][a-z0-9._-]*(:\d+)?(\/[a-z0-9._-]+)*(:[\w.-]{1,128})?(@sha256:[0-9a-f]{64})?)$/;

/** What a mount or a dependency names must be there. */
const NAMES: Rule = inObject((template, report) => {
  const named = (items: string) => {
    const known = listed(template, items);
    if (template[items] === UNKNOWN || known.some((item) => !isProperties(item) || item.name === UNKNOWN))
      return undefined;
    return known.map((item) => (isProperties(item) ? item.name : undefined));
  };
  const [volumes, containers] = [named("volumes"), named("containers")];
  for (const [index, container] of listed(template, "containers").entries()) {
    if (!isProperties(container)) continue;
    for (const [at, mount] of listed(container, "volumeMounts").entries()) {
      if (volumes && isProperties(mount) && typeof mount.name === "string" && !volumes.includes(mount.name))
        report(`containers[${index}].volumeMounts[${at}].name`, "must be the name of a volume");
    }
    for (const [at, other] of listed(container, "dependsOns").entries()) {
      if (containers && typeof other === "string" && !containers.includes(other))
        report(`containers[${index}].dependsOns[${at}]`, "must be the name of another container");
    }
  }
});

/** One container alone takes the requests: where there are several, it says on which port. */
const INGRESS_CONTAINER: Rule = inList((containers, report) => {
  if (containers.length < 2 || containers.some((container) => !isProperties(container))) return;
  const ports = containers.map((container) =>
    isProperties(container) ? presence(container.ports) : "absent",
  );
  if (ports.includes("unknown")) return;
  const serving = ports.filter((port) => port === "set").length;
  if (serving !== 1) report("", `must have one container with ports; ${serving} have`);
});

/** Where requests come in Cloud Run says on which port; beside it each container has what it likes. */
const PORT_OF_INGRESS: Rule = inList((containers, report) => {
  for (const [index, container] of containers.entries()) {
    if (!isProperties(container)) continue;
    if (containers.length > 1 && presence(container.ports) !== "set") continue;
    for (const [at, env] of listed(container, "envs").entries()) {
      if (isProperties(env) && env.name === "PORT")
        report(`[${index}].envs[${at}].name`, "must not be a name that Cloud Run sets itself");
    }
  }
});

/** Volumes that only the second generation mounts. */
const MOUNTED: Rule = inObject(({ executionEnvironment, volumes }, report) => {
  if (executionEnvironment !== "EXECUTION_ENVIRONMENT_GEN1") return;
  for (const [index, volume] of listed({ volumes }, "volumes").entries()) {
    for (const kind of ["gcs", "nfs"]) {
      if (isProperties(volume) && presence(volume[kind]) === "set")
        report(
          `volumes[${index}].${kind}`,
          "must be absent where executionEnvironment is EXECUTION_ENVIRONMENT_GEN1",
        );
    }
  }
});

/** What less than a CPU, and the generation of the environment, ask of all else. */
const LESS_THAN_A_CPU: Rule = inObject((template, report) => {
  for (const [index, container] of listed(template, "containers").entries()) {
    const resources = isProperties(container) ? nested(container, "resources") : {};
    const { cpu } = nested(resources, "limits");
    if (typeof cpu !== "string" || !((cpus(cpu) ?? 1) < 1) || brokenCpu(cpu)) continue;
    const { maxInstanceRequestConcurrency: concurrency, executionEnvironment } = template;
    if (typeof concurrency === "number" && concurrency > 1)
      report("maxInstanceRequestConcurrency", `must be 1 beside ${cpu} CPU`);
    if (executionEnvironment === "EXECUTION_ENVIRONMENT_GEN2")
      report("executionEnvironment", `must be EXECUTION_ENVIRONMENT_GEN1 beside ${cpu} CPU`);
    if (resources.cpuIdle === false)
      report(`containers[${index}].resources.cpuIdle`, `must be true beside ${cpu} CPU`);
  }
});

const LEAST_OF_SECOND_GENERATION: Rule = inObject((template, report) => {
  if (template.executionEnvironment !== "EXECUTION_ENVIRONMENT_GEN2") return;
  for (const [index, container] of listed(template, "containers").entries()) {
    const { memory } = isProperties(container) ? nested(nested(container, "resources"), "limits") : {};
    if (typeof memory === "string" && brokenMemory(memory, SECOND_GENERATION_BYTES) && !brokenMemory(memory))
      report(
        `containers[${index}].resources.limits.memory`,
        'must be "512Mi" or more in the second generation',
      );
  }
});

const SECRET_REFERENCE: Rule = inObject(({ value, valueSource }, report) => {
  if (presence(value) === "set" && presence(valueSource) === "set")
    report("valueSource", "must be absent beside value");
});

/** What Cloud Run's API refuses in the containers of a service, and in the volumes that they share. */
export const CONTAINER_RULES: readonly CitedRules[] = [
  cite(CONTAINERS, {
    template: [
      NAMES,
      MOUNTED,
      inObject(({ containers }, report) => {
        if (containers === undefined || (isList(containers) && containers.length === 0))
          report("containers", "must hold a container");
      }),
    ],
    "template.containers": unique("name"),
    "template.containers[].image": matching(
      IMAGE,
      "must be an image, REGISTRY/PATH with :TAG or @sha256:DIGEST",
    ),
    "template.containers[].ports.containerPort": whole({ from: 1, to: 65_535, what: "a port" }),
    "template.containers[].ports.name": oneOf("http1", "h2c"),
    "template.containers[].envs[].name": variableName(),
    "template.containers[].envs": unique("name"),
    "template.containers[].envs[]": SECRET_REFERENCE,
    "template.containers[].envs[].valueSource": atLeastOneOf("secretKeyRef"),
    "template.containers[].volumeMounts": unique("mountPath"),
    "template.containers[].volumeMounts[].mountPath": matching(
      /^\/[^:]*$/,
      'must be a path from "/" without colons',
    ),
    "template.containers[].resources.limits": inObject((limits, report) => {
      for (const name of Object.keys(limits).filter((limit) => !LIMITS.includes(limit)))
        report(name, `must be one of ${LIMITS.join(", ")}`);
    }),
    "template.volumes": unique("name"),
    "template.volumes[]": exactlyOneOf("secret", "cloudSqlInstance", "emptyDir", "gcs", "nfs"),
  }),
  cite("https://cloud.google.com/run/docs/deploying#multicontainer-yaml", {
    "template.containers": INGRESS_CONTAINER,
  }),
  cite("https://cloud.google.com/run/docs/configuring/services/environment-variables#reserved", {
    "template.containers[].envs[].name": unreservedVariable("Cloud Run", RESERVED_VARIABLES),
    "template.containers": PORT_OF_INGRESS,
  }),
  cite("https://cloud.google.com/run/docs/configuring/services/secrets", {
    "template.containers[].envs[].valueSource.secretKeyRef.secret": matching(
      /^(projects\/[^/]+\/secrets\/)?[A-Za-z0-9_-]{1,255}$/,
      "must be a secret's name, or projects/P/secrets/S",
    ),
    "template.containers[].envs[].valueSource.secretKeyRef.version": secretVersion(),
  }),
  cite("https://cloud.google.com/run/docs/deploying-source-code", {
    "template.containers[].sourceCode.cloudStorageSource.generation": matching(
      /^\d+$/,
      "must be an object's generation, a whole number",
    ),
    "template.containers[]": dependent("image", ["scratch"], { required: ["sourceCode", "baseImageUri"] }),
  }),
  cite(CPU, {
    "template.containers[].resources.limits.cpu": ofText(brokenCpu),
    template: LESS_THAN_A_CPU,
  }),
  cite(MEMORY, {
    "template.containers[].resources.limits.memory": ofText((text) => brokenMemory(text)),
    "template.containers[].resources.limits": inObject(checkTogether),
    template: LEAST_OF_SECOND_GENERATION,
  }),
  ...PROBE_RULES,
];

function checkTogether({ cpu, memory }: Properties, report: (path: string, rule: string) => void): void {
  if (typeof cpu !== "string" || typeof memory !== "string") return;
  const rule = brokenTogether(cpu, memory);
  if (rule !== undefined) report("memory", rule);
}
