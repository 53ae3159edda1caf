import type { IncomingMessage } from "node:http";
import { HOP_BY_HOP } from "../../kernel/hop-by-hop.ts";
import type { VclRequest } from "./vcl-condition.ts";
import type { HeaderRule, Xff } from "./vcl-service.ts";

/** Headers in the order and case of the wire; setting one replaces all of its name. */
export class ForwardedHeaders {
  #fields: (readonly [name: string, value: string])[] = [];

  constructor({ rawHeaders, headers }: IncomingMessage) {
    const dropped = new Set([...HOP_BY_HOP, ...(headers.connection ?? "").toLowerCase().split(/\s*,\s*/)]);
    // A client may not have the one field dropped by which everything behind routes.
    dropped.delete("host");
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? "";
      if (!dropped.has(name.toLowerCase())) this.#fields.push([name, rawHeaders[index + 1] ?? ""]);
    }
  }

  get(name: string): string | undefined {
    const values = this.#fields.filter(([field]) => field.toLowerCase() === name.toLowerCase());
    return values.length > 0 ? values.map(([, value]) => value).join(", ") : undefined;
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.#fields.push([name, value]);
  }

  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === undefined ? value : `${before}, ${value}`);
  }

  remove(name: string): void {
    this.#fields = this.#fields.filter(([field]) => field.toLowerCase() !== name.toLowerCase());
  }

  /** In turn, names and values: the form that Node sends as it is. */
  toRaw(): string[] {
    return this.#fields.flat();
  }
}

/** Runs a service's header objects, in order of priority. */
export function applyRules(
  headers: ForwardedHeaders,
  rules: readonly HeaderRule[],
  request: VclRequest,
  clientIp: string,
): void {
  for (const { applies, header, source, ignoreIfSet } of rules) {
    if (!applies(request) || (ignoreIfSet && headers.get(header) !== undefined)) continue;
    const value = source?.(request, clientIp);
    if (value === undefined) headers.remove(header);
    else headers.set(header, value);
  }
}

/** What the edge tells a backend about the client; a client's own claims about itself don't pass. */
export function announce(headers: ForwardedHeaders, clientIp: string, isTls: boolean, xff: Xff): void {
  headers.set("Fastly-Client-IP", clientIp);
  headers.remove("Fastly-SSL");
  if (isTls) headers.set("Fastly-SSL", "1");
  headers.append("CDN-Loop", "Fastly");
  if (xff === "clear") headers.remove("X-Forwarded-For");
  else if (xff === "overwrite") headers.set("X-Forwarded-For", clientIp);
  else if (xff !== "leave") headers.append("X-Forwarded-For", clientIp);
}
