import { expect, test } from "@jest/globals";
import { type Properties, UNKNOWN } from "../../review/rules/values.ts";
import { Provider } from "../provider/provider.ts";
import { GCP } from "./google/package.ts";
import { from, judged, type Wanted, withoutSource } from "./testing/planned.ts";

const SERVICE = "gcp:projects/service:Service";
const BACKEND = "gcp:compute/backendService:BackendService";
const MAP = "gcp:compute/uRLMap:URLMap";
const PROXY = "gcp:compute/targetHttpProxy:TargetHttpProxy";
const SECURE_PROXY = "gcp:compute/targetHttpsProxy:TargetHttpsProxy";
const GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup";
const POLICY = "gcp:compute/securityPolicy:SecurityPolicy";
const METRIC = "gcp:logging/metric:Metric";
const ALERT = "gcp:monitoring/alertPolicy:AlertPolicy";
const BUCKET = "gcp:storage/bucket:Bucket";
const NOTIFICATION = "gcp:storage/notification:Notification";
const TOPIC = "gcp:pubsub/topic:Topic";
const TOPIC_GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember";
const RING = "gcp:kms/keyRing:KeyRing";
const KEY = "gcp:kms/cryptoKey:CryptoKey";
const KEY_GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember";
const JOB = "gcp:cloudscheduler/job:Job";

const SERVICES = ["cloudkms", "cloudscheduler", "compute", "pubsub"].map(
  (name): Wanted => [SERVICE, name, { service: `${name}.googleapis.com` }],
);
const AGENT = "serviceAccount:service-1@gs-project-accounts.iam.gserviceaccount.com";
const key: readonly Wanted[] = [
  [RING, "ring", { name: "ring", location: "europe-west1" }],
  [KEY, "key", { name: "key", keyRing: UNKNOWN }, from("keyRing", RING, "ring")],
];
const topic: Wanted = [TOPIC, "told", { name: "told" }];
const tells: Wanted = [
  NOTIFICATION,
  "tells",
  { bucket: "shop", topic: UNKNOWN, payloadFormat: "NONE" },
  from("topic", TOPIC, "told"),
];
const shop: Wanted = [BUCKET, "shop", { name: "shop", location: "EU" }];

/** A service of a scheme, a map of it, and what the map has besides. */
function mapOver(loadBalancingScheme: string, more: Properties): readonly Wanted[] {
  return [
    ...SERVICES,
    [BACKEND, "site", { name: "site", loadBalancingScheme }],
    [MAP, "map", { name: "map", defaultService: "site", ...more }],
  ];
}

function routed(rule: Properties): Properties {
  return {
    hostRules: [{ hosts: ["*"], pathMatcher: "all" }],
    pathMatchers: [
      { name: "all", defaultService: "site", routeRules: [{ priority: 1, service: "site", ...rule }] },
    ],
  };
}

function alertOn(metric: string, aggregation: Properties, more = ""): Wanted {
  const filter = `resource.type="global" AND metric.type="logging.googleapis.com/user/${metric}"${more}`;
  const conditionThreshold = {
    filter,
    comparison: "COMPARISON_GT",
    duration: "60s",
    aggregations: [{ alignmentPeriod: "60s", ...aggregation }],
  };
  return [
    ALERT,
    "alert",
    { displayName: "a", combiner: "OR", conditions: [{ displayName: "c", conditionThreshold }] },
  ];
}

const faults: Wanted = [METRIC, "faults", { name: "faults", filter: "severity>=ERROR" }];
const latency: Wanted = [
  METRIC,
  "latency",
  {
    name: "latency",
    filter: "severity>=INFO",
    valueExtractor: "EXTRACT(jsonPayload.ms)",
    metricDescriptor: { metricKind: "DELTA", valueType: "DISTRIBUTION", labels: [{ key: "team" }] },
    labelExtractors: { team: "EXTRACT(labels.team)" },
  },
];
const AGGREGATION = "alert: conditions[0].conditionThreshold.aggregations[0]";

test.each<[string, readonly Wanted[], readonly string[]]>([
  [
    "an action of a route behind the classic load balancer",
    mapOver("EXTERNAL", routed({ routeAction: { urlRewrite: { hostRewrite: "a.test" } } })),
    [
      "map: pathMatchers[all].routeRules[0].routeAction must be absent behind EXTERNAL: only EXTERNAL_MANAGED, INTERNAL_MANAGED, INTERNAL_SELF_MANAGED have it; got an object",
    ],
  ],
  [
    "a regular expression behind a global load balancer",
    mapOver("EXTERNAL_MANAGED", routed({ matchRules: [{ regexMatch: "/a+" }] })),
    [
      'map: pathMatchers[all].routeRules[0].matchRules[0].regexMatch must be absent behind EXTERNAL_MANAGED: only INTERNAL_MANAGED, INTERNAL_SELF_MANAGED have it; got "/a+"',
    ],
  ],
  [
    "a service, yet to be made, beside a redirect",
    [
      ...SERVICES,
      [BACKEND, "site", { name: "site" }],
      [
        MAP,
        "map",
        {
          name: "map",
          defaultService: UNKNOWN,
          defaultUrlRedirect: { httpsRedirect: true, stripQuery: false },
        },
        from("defaultService", BACKEND, "site"),
      ],
    ],
    ["map: defaultService must be absent beside defaultUrlRedirect; got [unknown]"],
  ],
  [
    "services of two schemes behind one map",
    [
      ...mapOver("EXTERNAL_MANAGED", routed({ service: "old", matchRules: [{ prefixMatch: "/" }] })),
      [BACKEND, "old", { name: "old" }],
    ],
    [
      'map: pathMatchers[all].routeRules[0].service must have the scheme of projects/acme/global/backendServices/site, EXTERNAL_MANAGED; got "old"',
    ],
  ],
  [
    "certificates of a scheme that takes maps of them",
    [
      ...mapOver("EXTERNAL_MANAGED", {}),
      [SECURE_PROXY, "proxy", { name: "proxy", urlMap: "map", certificateManagerCertificates: ["c"] }],
    ],
    [
      "proxy: certificateManagerCertificates must be absent behind EXTERNAL_MANAGED: only INTERNAL_MANAGED has it; got a list of 1",
    ],
  ],
  [
    "a map of another project",
    [...SERVICES, [PROXY, "proxy", { name: "proxy", urlMap: "projects/other/global/urlMaps/map" }]],
    ['proxy: urlMap must be of the same project, acme; got "projects/other/global/urlMaps/map"'],
  ],
  [
    "two serverless groups of one region behind one service",
    [
      ...SERVICES,
      ...["one", "two"].map((name): Wanted => [GROUP, name, { name, cloudRun: { service: name } }]),
      [
        BACKEND,
        "site",
        {
          name: "site",
          backends: ["one", "two"].map((name) => ({
            group: `projects/acme/regions/europe-west1/networkEndpointGroups/${name}`,
          })),
        },
      ],
    ],
    [
      'site: backends[1].group must be the only serverless group of its region, europe-west1; got "projects/acme/regions/europe-west1/networkEndpointGroups/two"',
    ],
  ],
  [
    "a policy for the edge where one for the backend belongs",
    [
      ...SERVICES,
      [
        POLICY,
        "edge",
        {
          name: "edge",
          type: "CLOUD_ARMOR_EDGE",
          rules: [
            {
              priority: 2_147_483_647,
              action: "allow",
              match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["*"] } },
            },
          ],
        },
      ],
      [BACKEND, "site", { name: "site", securityPolicy: "edge" }],
    ],
    ['site: securityPolicy must be a policy of type CLOUD_ARMOR; got "edge"'],
  ],
  [
    "an aligner that the program's own metric doesn't take",
    [faults, alertOn("faults", { perSeriesAligner: "ALIGN_MEAN" })],
    [
      `${AGGREGATION}.perSeriesAligner must be one that takes a metric of kind DELTA and value INT64; got "ALIGN_MEAN"`,
    ],
  ],
  [
    "a percentile of a count",
    [faults, alertOn("faults", { perSeriesAligner: "ALIGN_PERCENTILE_99" })],
    [
      `${AGGREGATION}.perSeriesAligner must be one that takes a metric of kind DELTA and value INT64; got "ALIGN_PERCENTILE_99"`,
    ],
  ],
  [
    "a distribution that is compared",
    [latency, alertOn("latency", { perSeriesAligner: "ALIGN_DELTA" })],
    [
      "alert: conditions[0].conditionThreshold.aggregations must make a number of a distribution to compare it; got a list of 1",
    ],
  ],
  [
    "a reducer of numbers over distributions",
    [latency, alertOn("latency", { perSeriesAligner: "ALIGN_DELTA", crossSeriesReducer: "REDUCE_MAX" })],
    [
      `${AGGREGATION}.crossSeriesReducer must be one that takes a metric of kind DELTA and value DISTRIBUTION; got "REDUCE_MAX"`,
    ],
  ],
  [
    "labels that the program's own metric lacks",
    [
      latency,
      alertOn(
        "latency",
        { perSeriesAligner: "ALIGN_PERCENTILE_99", groupByFields: ["metric.label.zone"] },
        ' AND metric.labels.place="a"',
      ),
    ],
    [
      'alert: conditions[0].conditionThreshold.filter must ask for a label that logging.googleapis.com/user/latency has, and place is none; got "resource.type=\\"global\\" AND metric.type=\\"logging.googleapis.com/user/latency\\" AND metric.labels.place=\\"a\\""',
      `${AGGREGATION}.groupByFields[0] must be a label that the metric has; got "metric.label.zone"`,
    ],
  ],
  [
    "a key that is elsewhere",
    [
      ...SERVICES,
      ...key,
      [
        BUCKET,
        "shop",
        { name: "shop", location: "EU", encryption: { defaultKmsKeyName: UNKNOWN } },
        from("encryption", KEY, "key"),
      ],
      [
        KEY_GRANT,
        "open",
        { cryptoKeyId: UNKNOWN, role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", member: AGENT },
        from("cryptoKeyId", KEY, "key"),
      ],
    ],
    [
      'shop: encryption.defaultKmsKeyName must be a key in europe or eu; got "projects/acme/locations/europe-west1/keyRings/ring/cryptoKeys/key"',
    ],
  ],
  [
    "an account of its own project that nothing makes",
    [
      ...SERVICES,
      [
        JOB,
        "ping",
        {
          name: "ping",
          schedule: "* * * * *",
          httpTarget: {
            uri: "https://a.test/",
            oidcToken: { serviceAccountEmail: "nobody@acme.iam.gserviceaccount.com" },
          },
        },
      ],
    ],
    [
      'ping: httpTarget.oidcToken.serviceAccountEmail must name a gcp:serviceaccount/account:Account that exists; got "nobody@acme.iam.gserviceaccount.com"',
    ],
  ],
])("A plan must not have %s", (_, wanted, mistakes) => {
  expect(judged(gcp(), wanted).map(withoutSource)).toEqual(mistakes);
});

test.each<[string, readonly Wanted[]]>([
  [
    "a route by header behind the classic load balancer",
    mapOver("EXTERNAL", routed({ matchRules: [{ headerMatches: [{ headerName: "x", exactMatch: "a" }] }] })),
  ],
  [
    "a regular expression in a mesh",
    mapOver("INTERNAL_SELF_MANAGED", routed({ matchRules: [{ regexMatch: "/a+" }] })),
  ],
  [
    "a rate of a count",
    [faults, alertOn("faults", { perSeriesAligner: "ALIGN_RATE", crossSeriesReducer: "REDUCE_SUM" })],
  ],
  [
    "a percentile of a distribution",
    [
      latency,
      alertOn("latency", { perSeriesAligner: "ALIGN_PERCENTILE_99", groupByFields: ["metric.labels.team"] }),
    ],
  ],
  [
    "whatever aligner for a metric that is not the program's",
    [alertOn("others", { perSeriesAligner: "ALIGN_MEAN" })],
  ],
  [
    "a topic that Storage may publish to",
    [
      ...SERVICES,
      topic,
      shop,
      tells,
      [TOPIC_GRANT, "open", { topic: "told", role: "roles/pubsub.publisher", member: AGENT }],
    ],
  ],
  [
    "a topic that somebody yet unknown may publish to",
    [
      ...SERVICES,
      topic,
      shop,
      tells,
      [TOPIC_GRANT, "open", { topic: "told", role: "roles/pubsub.publisher", member: UNKNOWN }],
    ],
  ],
  [
    "a bucket for backends",
    mapOver("EXTERNAL_MANAGED", { defaultService: "projects/acme/global/backendBuckets/b" }),
  ],
])("A plan may have %s", (_, wanted) => {
  expect(judged(gcp(), wanted)).toEqual([]);
});

test("tells of a topic that nothing lets Storage publish to, and holds nothing up", () => {
  const others: Wanted = [
    TOPIC_GRANT,
    "others",
    { topic: "told", role: "roles/pubsub.subscriber", member: AGENT },
  ];
  expect(judged(gcp(), [...SERVICES, topic, shop, tells, others])).toEqual([
    expect.stringMatching(/^\?tells: topic must be open to the service agent of gs-project-accounts\./),
  ]);
});

test("takes for granted what the stack says is there, by any of its names", () => {
  const names = ["told", "deployer@acme.iam.gserviceaccount.com", "pubsub.googleapis.com"];
  const wanted: readonly Wanted[] = [
    [
      TOPIC_GRANT,
      "open",
      {
        topic: "told",
        role: "roles/pubsub.publisher",
        member: "serviceAccount:deployer@acme.iam.gserviceaccount.com",
      },
    ],
  ];
  expect(judged(gcp(), wanted)).toHaveLength(3);
  expect(judged(gcp(), wanted, names)).toEqual([]);
  expect(judged(gcp(), wanted, names.slice(0, 2))).toHaveLength(1);
});

function gcp(): Provider {
  const provider = Provider.offline(GCP, false);
  provider.configure({ project: "acme", region: "europe-west1" });
  return provider;
}
