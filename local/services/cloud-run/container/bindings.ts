/** What Node's own network modules stand on, as far as the guards replace it. */

/** Called with `this` being the handle. */
export type Native = (this: object, ...args: readonly unknown[]) => unknown;

export interface Prototyped {
  readonly prototype: Record<string, Native>;
}

interface Bindings {
  readonly tcp_wrap: { readonly TCP: Prototyped };
  readonly pipe_wrap: { readonly Pipe: Prototyped };
  readonly udp_wrap: { readonly UDP: Prototyped };
  readonly cares_wrap: Record<string, Native> & { readonly ChannelWrap: Prototyped };
  readonly process_wrap: { readonly Process: Prototyped };
  readonly spawn_sync: Record<string, Native>;
}

/** `process.binding`, which Node documents as deprecated and its types leave out; 24.9 still has it. */
export function binding<Name extends keyof Bindings>(name: Name): Bindings[Name] {
  const { binding: load } = process as unknown as { binding(name: string): unknown };
  return load.call(process, name) as Bindings[Name];
}

/** Puts `replace(original)` in the place of a method that is there. */
export function replace(
  methods: Record<string, Native>,
  name: string,
  make: (original: Native) => Native,
): void {
  const original = methods[name];
  if (original) methods[name] = make(original);
}
