import { whole } from "../../../review/rules/numbers.ts";
import { atLeastOneOf, atMostOneOf } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, type Rule } from "../../../review/rules/rule.ts";
import { matching } from "../../../review/rules/text.ts";

const PROBES = "https://cloud.google.com/run/docs/configuring/healthchecks";
const CONTAINERS = "https://cloud.google.com/run/docs/reference/rest/v2/Container#Probe";
const STARTUP_SECONDS = 240;
const SECONDS = 3600;
const PATH = matching(/^\//, "must begin with a slash");
const PORT = whole({ from: 1, to: 65_535, what: "a port" });

const TIMES: Rule = inObject(({ periodSeconds = 10, timeoutSeconds = 1 }, report) => {
  if (
    typeof periodSeconds === "number" &&
    typeof timeoutSeconds === "number" &&
    timeoutSeconds > periodSeconds
  )
    report("timeoutSeconds", `must be at most periodSeconds, ${periodSeconds}`);
});
const WITHIN_STARTUP: Rule = inObject(({ periodSeconds = 10, failureThreshold = 3 }, report) => {
  if (typeof periodSeconds !== "number" || typeof failureThreshold !== "number") return;
  if (periodSeconds <= STARTUP_SECONDS && periodSeconds * failureThreshold > STARTUP_SECONDS)
    report("failureThreshold", `must come to ${STARTUP_SECONDS} s at most, times periodSeconds`);
});

/** How Cloud Run may probe a container. */
export const PROBE_RULES: readonly CitedRules[] = [
  cite(PROBES, {
    ...timing("startupProbe", STARTUP_SECONDS),
    "template.containers[].startupProbe": [
      atMostOneOf("httpGet", "tcpSocket", "grpc"),
      TIMES,
      WITHIN_STARTUP,
    ],
    ...timing("livenessProbe", SECONDS),
    "template.containers[].livenessProbe": [
      atLeastOneOf("httpGet", "grpc"),
      atMostOneOf("httpGet", "grpc"),
      TIMES,
      inObject(({ tcpSocket }, report) => {
        if (tcpSocket !== undefined)
          report("tcpSocket", "must be absent: a liveness probe goes over HTTP or gRPC");
      }),
    ],
  }),
  cite(CONTAINERS, {
    ...timing("readinessProbe", SECONDS),
    "template.containers[].readinessProbe": [
      atLeastOneOf("httpGet", "grpc"),
      atMostOneOf("httpGet", "grpc"),
      TIMES,
    ],
  }),
];

function timing(probe: string, most: number): CitedRules["rules"] {
  const at = `template.containers[].${probe}`;
  const seconds = (from: number, what: string) => whole({ from, to: most, what: `seconds ${what}` });
  return {
    [`${at}.initialDelaySeconds`]: seconds(0, "before the first probe"),
    [`${at}.periodSeconds`]: seconds(1, "from one probe to the next"),
    [`${at}.timeoutSeconds`]: seconds(1, "until a probe fails"),
    [`${at}.failureThreshold`]: whole({ from: 1, to: 2 ** 31 - 1, what: "failures in a row" }),
    [`${at}.httpGet.path`]: PATH,
    [`${at}.httpGet.port`]: PORT,
    [`${at}.tcpSocket.port`]: PORT,
    [`${at}.grpc.port`]: PORT,
  };
}
