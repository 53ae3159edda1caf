import type { VclRequest } from "./vcl-condition.ts";

export type Source = (request: VclRequest, clientIp: string) => string | undefined;

/** What a header object takes its value from. @returns `undefined` for an expression of another kind. */
export function headerSource(expression: string): Source | undefined {
  const text = expression.trim();
  const literal = /^"([^"\n]*)"$/.exec(text)?.[1];
  if (literal !== undefined) return () => literal;
  const name = /^req\.http\.([A-Za-z0-9_-]+)$/.exec(text)?.[1]?.toLowerCase();
  if (name !== undefined) return (request) => request.header(name);
  if (text === "req.url") return ({ url }) => url;
  if (text === "req.method" || text === "req.request") return ({ method }) => method;
  if (text === "client.ip") return (_, clientIp) => clientIp;
  return undefined;
}
