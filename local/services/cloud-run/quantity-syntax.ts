/** Kubernetes' suffixes, as Cloud Run's limits use them. */
const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** `"512Mi"` in bytes. */
export function parseBytes(text: string): number | undefined {
  const [, digits, suffix] = /^(\d+)(|k|M|G|Ki|Mi|Gi)$/.exec(text) ?? [];
  const unit = suffix === undefined ? undefined : BYTES[suffix];
  return digits === undefined || unit === undefined ? undefined : Number(digits) * unit;
}

/** `"300s"`, a duration in JSON's form of protobuf, if it is from 1 to `max` seconds. */
export function parseSeconds(text: string, max: number): number | undefined {
  const [, digits] = /^(\d+(?:\.\d+)?)s$/.exec(text) ?? [];
  const seconds = Number(digits);
  return seconds > 0 && seconds <= max ? seconds : undefined;
}
