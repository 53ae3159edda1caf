import { readFileSync } from "node:fs";
import { Failure } from "../terminal/failure.ts";

/** Whose a namespace's names are to be. @throws {Failure} */
export function customersOf(options: {
  readonly customer?: string;
  readonly customers?: string;
}): (namespace: string) => string | undefined {
  const { customer, customers } = options;
  if (customer === undefined && customers === undefined) {
    throw new Failure(
      "Say whose the names are to be: --customer EMAIL for all, or --customers FILE with a line NAMESPACE EMAIL for each.",
    );
  }
  const byNamespace = new Map(customers === undefined ? [] : linesOf(customers));
  return (namespace) => byNamespace.get(namespace) ?? customer;
}

function linesOf(file: string): readonly (readonly [string, string])[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${(error as Error).message}`);
  }
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line, index) => {
      const [namespace, email, ...more] = line.split(/\s+/);
      if (namespace === undefined || !email?.includes("@") || more.length > 0) {
        throw new Failure(
          `${file}, entry ${index + 1}, must be NAMESPACE EMAIL; got ${JSON.stringify(line)}.`,
        );
      }
      return [namespace, email] as const;
    });
}
