import { SECRET, UNKNOWN } from "../preview/stack-preview.ts";
import { isHexadecimal, isRandom } from "./randomness.ts";

/** Stands for what Pulumi knows to be a secret. */
const HIDDEN = "[secret]";
/** A name says that its value is a secret … */
const SECRET_NAME =
  /passw(or)?d|passphrase|passcode|secret|token|credential|(api|private|access|signing|shared|session|raw)[-_ ]?key|connection[-_ ]?string|webhook|authorization|cookie|hmac|encrypted|(^|[^a-z])(pass|pwd|dsn|otp)($|[^a-z])/i;
/** … unless it names where one is kept, or how long one lives. */
const REFERENCE_NAME =
  /^secret(Id|Name|KeyRef|s|_?version)?$|^secretEnvironmentVariables$|^(oidc|oauth)Token$|^token(Creator|Lifetime|Format|Uri|Url)s?$|(token|secret|key|password)[-_ ]?(ttl|seconds|days|bytes|count|ring|rotation)$/i;
/** Where something is, rather than what it is. */
const RESOURCE_PATH = /^(projects|organizations|folders|secrets)\/[^\s]+$/;
/** Digests, which are there to be seen; and names, of which a digest is often a part. */
const DIGEST_NAME =
  /hash|digest|checksum|fingerprint|etag|md5|sha\d+|crc32c|commit|revision|(^|[^a-z])sha($|[^a-z])/i;
const NAME = /^(object|name|path)$/i;
/** What says so before a digest. */
const DIGEST_BEFORE = /(sha\d{3}[:-]|@|\b(commit|revision|sha)\W{0,3})$/i;
/** The names that a value goes by within an object, and those that its own name goes by. */
const VALUE = /^(values?|source|headerValue|content|data)$/;
const OWN_NAMES = ["name", "headerName", "header", "variable", "destination", "key"];

/** What gives a secret away by itself, wherever it stands. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ["PEM", /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(-----END [A-Z0-9 ]+-----|$)/g],
  ["JWT", /\beyJ[\w-]{8,}\.[\w-]{4,}\.?[\w-]*/g],
  [
    "webhook",
    /https?:\/\/(hooks\.slack\.com|discord(app)?\.com\/api\/webhooks|[\w.-]*webhook[\w.-]*)\/[^\s"'<>]*/gi,
  ],
  ["URL with credentials", /(?<=:\/\/)[^\s/"'<>@]{1,500}@[^\s"'<>]*/g],
  ["bearer token", /\b([Bb]earer|[Bb]asic|BEARER|BASIC)\s+(?=\S[a-z.-]*[\dA-Z+/=_~])[\w.~+/-]{8,}=*/g],
  [
    "token",
    /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|AKIA[0-9A-Z]{16}|sk[-_](live|test|proj)?[-_]?\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|pul-[0-9a-f]{40})/g,
  ],
];
/** Runs of letters and digits that may be random. */
const RUN = /[A-Za-z0-9+/_=-]{20,}/g;
/** What stands before a value in whatever else: `apiToken: x`, `password=x`, `"password":"x"` and `--password x`. */
const NAMING =
  /(["'])(?<quoted>[\w.-]{1,100})\1\s{0,3}[:=]\s{0,3}|(?<![\w.-])(?:--(?<flag>[\w-]{1,100})[\s=]|(?<bare>[A-Za-z][\w.-]{0,100})\s{0,3}(?:=>|[:=])\s{0,3})/g;
const NAMED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?!\[)[^\s"',;&)}\]]+/y;
/** A longer text is no value that a person compares; and a pattern shall not run over it. */
const MOST_CHARACTERS = 4_000;
const MOST_JSON = 100_000;
const MOST_DEPTH = 60;

/**
 * A value as it may be shown, with what is secret in it taken out: by Pulumi's own mark, by the names on the way to
 * it, and by its shape. Of objects, a `value` beside a `name` is judged by that name.
 *
 * @param names of the properties on the way to it, outermost first
 */
export function redacted(value: unknown, names: readonly string[] = []): unknown {
  if (names.length > MOST_DEPTH) return HIDDEN;
  if (typeof value === "string") return redactedText(value, names);
  if (Array.isArray(value))
    return value.map((item, at) => redacted(item, [...names, nameIn(value, `${at}`)]));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, redacted(item, [...names, nameIn(value, name)])]),
    );
  }
  return typeof value === "number" && isSecretName(lastOf(names)) ? HIDDEN : value;
}

/** What a property or an item is judged by: what names it, or else where it is. */
export function nameIn(holder: unknown, segment: string): string {
  if (Array.isArray(holder)) {
    const [, flag] = /^--?([\w-]+)$/.exec(String(holder[Number(segment) - 1])) ?? [];
    return flag !== undefined && isSecretName(flag) ? flag : segment;
  }
  if (typeof holder !== "object" || holder === null || !VALUE.test(segment)) return segment;
  const named = OWN_NAMES.map((key) => (holder as Readonly<Record<string, unknown>>)[key]);
  return named.find(isOwnName) ?? segment;
}

/** A file's path is none. */
function isOwnName(name: unknown): name is string {
  return typeof name === "string" && !name.includes("/") && isSecretName(name);
}

/** Text that nobody named: a sentence, a message. */
export function redactedSentence(text: string): string {
  return redactedShapes(shortened(text), "");
}

function redactedText(text: string, names: readonly string[]): string {
  if (text.includes(SECRET)) return HIDDEN;
  if (text === "" || text === UNKNOWN || text === "true" || text === "false") return text;
  const last = lastOf(names);
  const isNumber = /^\d+s?$/.test(text) && !isSecretName(last);
  if (names.some(isSecretName) && !RESOURCE_PATH.test(text) && !isNumber) return HIDDEN;
  return redactedJson(text, names) ?? redactedShapes(shortened(text), last);
}

/** Of text that is an object or a list. */
function redactedJson(text: string, names: readonly string[]): string | undefined {
  if (!/^\s*[[{]/.test(text) || text.length > MOST_JSON) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    const without = JSON.stringify(redacted(json, names));
    return without === JSON.stringify(json) ? text : without;
  } catch {
    return undefined;
  }
}

function redactedShapes(text: string, name: string): string {
  const shaped = SHAPES.reduce((rest, [what, shape]) => rest.replace(shape, `[redacted: ${what}]`), text);
  const without = withoutNamed(shaped);
  if (DIGEST_NAME.test(name)) return without;
  return without.replace(RUN, (run: string, at: number) => {
    const before = without.slice(Math.max(0, at - 20), at);
    if (DIGEST_BEFORE.test(before)) return run;
    // Where something is served is no secret.
    const path = before.endsWith(":") ? run.replace(/^\/\/[^/]*/, "") : run;
    const judged = NAME.test(name) ? path.replace(/[0-9a-f]{32,}/gi, "") : path;
    return isRandom(judged) || isHexadecimal(judged) ? "[redacted: random]" : run;
  });
}

/** Text without the values that it names as secrets. */
function withoutNamed(text: string): string {
  let [told, from] = ["", 0];
  for (const { 0: naming, index, groups } of text.matchAll(NAMING)) {
    const at = index + naming.length;
    NAMED.lastIndex = at;
    const [value] = NAMED.exec(text) ?? [];
    const name = groups?.quoted ?? groups?.flag ?? groups?.bare;
    if (index < from || value === undefined || !isSecretName(name)) continue;
    const open = value.replace(/^(["'])(.*)\1$/s, "$2");
    const isSentence = /[:=]\s+$/.test(naming) && isProse(value, text.slice(at + value.length));
    if (open === UNKNOWN || RESOURCE_PATH.test(open) || isSentence) continue;
    told += text.slice(from, at) + HIDDEN;
    from = at + value.length;
  }
  return told + text.slice(from);
}

/** What follows a name in a sentence is the sentence: `Bucket "tokens": what it holds …`, `no token: it expired`. */
function isProse(word: string, rest: string): boolean {
  return /^(\p{L}+\.?|[\w-]+:|\d{3})$/u.test(word) && /^\s+\S/.test(rest);
}

function lastOf(names: readonly string[]): string {
  return names.findLast((name) => !/^\d+$/.test(name)) ?? "";
}

function isSecretName(name: string | undefined): boolean {
  return name !== undefined && SECRET_NAME.test(name) && !REFERENCE_NAME.test(name);
}

/** Cut between words: a part of a secret has another shape. */
function shortened(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const space = text.lastIndexOf(" ", MOST_CHARACTERS);
  return `${text.slice(0, space < MOST_CHARACTERS / 2 ? MOST_CHARACTERS : space)}…`;
}
