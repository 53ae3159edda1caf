/** `urn:pulumi:STACK::PROJECT::TYPE$…$TYPE::NAME` */
export function stackOf(urn: string): string {
  return urn.split("::")[0]?.split(":")[2] ?? "";
}

export function projectOf(urn: string): string {
  return urn.split("::")[1] ?? "";
}

/** The resource's own type, without its parents'. */
export function typeOf(urn: string): string {
  const qualified = urn.split("::")[2] ?? "";
  return qualified.slice(qualified.lastIndexOf("$") + 1);
}

/** A name may hold colons. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
