import { createInterface } from "node:readline/promises";
import { EXIT, Failure } from "./failure.ts";

/**
 * Has a person type a word before what cannot be taken back.
 *
 * @throws {Failure} where nobody is there to be asked, or something else is typed
 */
export async function confirmByTyping(word: string): Promise<void> {
  if (!process.stdin.isTTY) throw new Failure("Nobody is there to be asked: give --yes.");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new AbortController();
  // Without a listener, ^C would leave the question open for ever.
  terminal.once("SIGINT", () => interrupted.abort());
  try {
    const typed = await terminal.question(`Type ${word} to go on: `, { signal: interrupted.signal });
    if (typed.trim() !== word) throw new Failure("Nothing was changed.");
  } catch (error) {
    if (interrupted.signal.aborted) throw new Failure("Nothing was changed.", EXIT.interrupted);
    throw error;
  } finally {
    terminal.close();
  }
}
