import { keyName, type PlatformConfig } from "./config.ts";

/**
 * Projects named `example-…`, the domains and addresses that documents are to use, and ids that say what
 * they are. None of them belongs to whoever deploys this.
 *
 * @see RFC 2606 section 3 (domains), RFC 5737 and RFC 3849 (addresses)
 */
const EXAMPLE =
  /(^|@)example-|(^|[@.])example(\.(com|net|org))?$|^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:db8:/;
/** Prose, and hosts that the zone's domain is the end of. */
const SILENT = ["platformName", "originHost", "apiHost", "host"];
/** By the first of these that a key begins with. */
const BELONGS: readonly (readonly [key: string, what: string])[] = [
  ["gcp:project", "the id of this stack's own Google Cloud project"],
  ["platform:zoneDomain", "a domain of yours, or one below it, that can be delegated to this stack"],
  [
    "platform:edge.addresses",
    "the addresses of your Fastly TLS configuration: `GET /tls/configurations?include=dns_records`",
  ],
  ["platform:edge.tlsConfigurationId", "the id of your Fastly TLS configuration: `GET /tls/configurations`"],
  [
    "platform:certificateAuthorities",
    "a CA that you order from, and an address of yours that it may write to",
  ],
  ["platform:callers", "who of yours registers domains, as an IAM member; {} while it is nobody"],
  ["platform:operators", "who of yours operates the platform, as an IAM member"],
  ["platform:alertEmails", "an address of yours that somebody reads"],
  ["platform:eventSubscribers", "who of yours hears of domains' events, as an IAM member"],
  ["platform:runbooksUrl", "where docs/runbooks of your repository is to be read"],
];

/** A value that is still this repository's example: with it an `up` fails, or serves nobody. */
export interface ExampleValue {
  /** As it stands in `Pulumi.STACK.yaml`. */
  readonly key: string;
  readonly value: unknown;
  /** What is to stand there instead. */
  readonly belongs: string;
}

export function exampleValues(config: PlatformConfig): readonly ExampleValue[] {
  return valuesBelow(config, []);
}

export function inASentence({ key, value, belongs }: ExampleValue): string {
  return `${key} is still the example's, and must be ${belongs}; got ${JSON.stringify(value)}.`;
}

/** A stack that is to be made with values that belong to nobody, with every one of them in one message. */
export class ExampleConfig extends Error {
  readonly code = "EXAMPLE_CONFIG";

  constructor(stack: string, values: readonly ExampleValue[]) {
    const count = values.length === 1 ? "a value" : `${values.length} values`;
    const lines = values.map((value) => `  ${inASentence(value)}`);
    super(
      `The stack is not made while Pulumi.${stack}.yaml has ${count} of the example:\n${lines.join("\n")}`,
    );
    this.name = "ExampleConfig";
  }
}

function valuesBelow(value: unknown, path: readonly string[]): readonly ExampleValue[] {
  const texts = [value].flat().filter((text) => typeof text === "string");
  if (texts.some((text) => EXAMPLE.test(hostOf(text)))) {
    const key = keyName(path);
    return [{ key, value, belongs: belongsAt(key) }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => !SILENT.includes(key))
    .flatMap(([key, inner]) => valuesBelow(inner, [...path, key]));
}

/** Of a URL of the web; all else is what it is. */
function hostOf(text: string): string {
  return /^https?:/.test(text) && URL.canParse(text) ? new URL(text).hostname : text;
}

function belongsAt(key: string): string {
  return BELONGS.find(([start]) => key.startsWith(start))?.[1] ?? "a value of your own";
}
