import { SECRET, UNKNOWN } from "../preview/stack-preview.ts";

/** Stands for what Pulumi knows to be a secret. */
const HIDDEN = "[secret]";
/** A name says that its value is a secret … */
const SECRET_NAME =
  /passw(or)?d|passphrase|(^|[^a-z])pwd($|[^a-z])|secret|token|credential|api[-_ ]?key|private[-_ ]?key|access[-_ ]?key|signing[-_ ]?key|webhook|(^|[^a-z])dsn($|[^a-z])|authorization|cookie|hmac|encrypted/i;
/** … unless it names where one is kept, or how long one lives. */
const REFERENCE_NAME =
  /^secret(Id|Name|KeyRef|s|_?version)?$|^secretEnvironmentVariables$|^token(Creator|Lifetime|Format|Uri|Url)s?$|(token|secret|key|password)[-_ ]?(ttl|seconds|days|bytes|count|ring|rotation)$/i;
/** Where something is, rather than what it is. */
const RESOURCE_PATH = /^(projects|organizations|folders|secrets)\/[^\s]+$/;
/** Digests, which are there to be seen. */
const DIGEST_NAME = /hash|digest|checksum|fingerprint|etag|md5|sha\d+|crc32c|^object$|^name$|^path$/i;

/** What gives a secret away by itself, wherever it stands. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ["PEM", /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(-----END [A-Z0-9 ]+-----|$)/g],
  ["JWT", /\beyJ[\w-]{8,}\.[\w-]{4,}\.?[\w-]*/g],
  [
    "webhook",
    /https?:\/\/(hooks\.slack\.com|discord(app)?\.com\/api\/webhooks|[\w.-]*webhook[\w.-]*)\/[^\s"'<>]*/gi,
  ],
  ["URL with credentials", /\b[a-z][a-z0-9+.-]*:\/\/[^\s/"'<>@]+@[^\s"'<>]*/gi],
  ["bearer token", /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi],
  [
    "token",
    /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|AKIA[0-9A-Z]{16}|sk[-_](live|test|proj)?[-_]?\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|pul-[0-9a-f]{40})/g,
  ],
];
/** Runs of letters and digits that may be random. */
const RUN = /[A-Za-z0-9+/_=-]{20,}/g;
const LEAST_ENTROPY = 3.7;
const LEAST_HEX = 32;
/** A longer text is no value that a person compares; and a pattern shall not run over it. */
const MOST_CHARACTERS = 4_000;

/**
 * A value as it may be shown, with what is secret in it taken out: by Pulumi's own mark, by the names on the way to
 * it, and by its shape. Of objects, a `value` beside a `name` is judged by that name.
 *
 * @param names of the properties on the way to it, outermost first
 */
export function redacted(value: unknown, names: readonly string[] = []): unknown {
  if (typeof value === "string") return redactedText(value, names);
  if (Array.isArray(value)) return value.map((item) => redacted(item, names));
  if (typeof value === "object" && value !== null) {
    const named = ownName(value as Readonly<Record<string, unknown>>);
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const isNamed = named !== undefined && /^(value|source|headerValue|content)$/.test(name);
        return [name, redacted(item, isNamed ? [...names, named] : [...names, name])];
      }),
    );
  }
  return isSecretName(names.at(-1)) && typeof value === "number" ? HIDDEN : value;
}

/** Text that nobody named: a sentence, a message. */
export function redactedSentence(text: string): string {
  return redactedShapes(text.slice(0, MOST_CHARACTERS), "");
}

function redactedText(text: string, names: readonly string[]): string {
  if (text.includes(SECRET)) return HIDDEN;
  if (text === "" || text === UNKNOWN) return text;
  const last = names.findLast((name) => !/^\d+$/.test(name)) ?? "";
  if (names.some(isSecretName) && !RESOURCE_PATH.test(text) && !/^(true|false|\d+s?)$/.test(text))
    return HIDDEN;
  return redactedShapes(text.slice(0, MOST_CHARACTERS), last);
}

function redactedShapes(text: string, name: string): string {
  const without = SHAPES.reduce((rest, [what, shape]) => rest.replace(shape, `[redacted: ${what}]`), text);
  if (DIGEST_NAME.test(name)) return without;
  return without.replace(RUN, (run, at: number) =>
    isRandom(run, without.slice(0, at)) ? "[redacted: random]" : run,
  );
}

function isSecretName(name: string | undefined): boolean {
  return name !== undefined && SECRET_NAME.test(name) && !REFERENCE_NAME.test(name);
}

/** Of `{ name: "API_TOKEN", value: … }`, of a header, of an attribute. */
function ownName(holder: Readonly<Record<string, unknown>>): string | undefined {
  for (const key of ["name", "headerName", "destination", "key"]) {
    const name = holder[key];
    if (typeof name === "string" && isSecretName(name)) return name;
  }
  return undefined;
}

/** @param before what stands before it: a digest that says so is no secret. */
function isRandom(run: string, before: string): boolean {
  if (/sha\d{3}[:-]$|@$/.test(before)) return false;
  return run.split(/[/=]/).some((part) => {
    if (/^[0-9a-f]+$/i.test(part)) return part.length >= LEAST_HEX;
    if (part.length < 20 || isWords(part)) return false;
    return entropyOf(part) >= LEAST_ENTROPY && /\d/.test(part);
  });
}

/** Names are words with digits or a short hash between their hyphens. */
function isWords(text: string): boolean {
  return text.split(/[-_+]/).every((word) => {
    if (word.length < 16) return true;
    return (
      /^([A-Z]?[a-z]+|[A-Z]+|\d{1,4})+$/.test(word) && (word.match(/\d/g)?.length ?? 0) <= 4 && !isMixed(word)
    );
  });
}

/** Case that changes at every other letter is no word's. */
function isMixed(word: string): boolean {
  const changes = word.match(/[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]/g)?.length ?? 0;
  return changes > word.length / 5;
}

/** Bits a character, by Shannon. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / text.length;
    return sum - share * Math.log2(share);
  }, 0);
}
