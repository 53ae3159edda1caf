import Module from "node:module";

/**
 * What the SDK loads and a program of resources never uses, by how the SDK asks for it: the package manager and
 * the compiler by which it turns functions into code, and exporters of traces that nobody asked for.
 * They are half of what it loads.
 */
const LAZY: Readonly<Record<string, "module" | "members">> = {
  "@npmcli/arborist": "module",
  "../../typescript-shim": "module",
  "@opentelemetry/resources": "members",
  "@opentelemetry/sdk-trace-base": "members",
  "@opentelemetry/exporter-zipkin": "members",
  "@opentelemetry/instrumentation-grpc": "members",
  "@opentelemetry/sdk-trace-node": "members",
  "@opentelemetry/instrumentation": "members",
};

type Load = (request: string, parent: { readonly filename?: string } | undefined, isMain: boolean) => unknown;
type Loaded = Readonly<Record<PropertyKey, unknown>>;

/** From now on, those modules are loaded once the SDK does something with them: calls a member, or, of some, reads one. */
export function loadLazily(): void {
  const internal = Module as unknown as { _load: Load };
  const load = internal._load;
  internal._load = (request, parent, isMain) => {
    const lazy = Object.hasOwn(LAZY, request) ? LAZY[request] : undefined;
    if (lazy === undefined || !isOfSdk(parent?.filename)) return load(request, parent, isMain);
    const real = () => load(request, parent, isMain) as Loaded;
    return lazyModule(lazy === "module" ? (name) => real()[name] : (name) => lazyMember(real, name));
  };
}

function isOfSdk(file: string | undefined): boolean {
  return /[/\\]@pulumi[/\\]pulumi[/\\]/.test(file ?? "");
}

/** Says that it is an ES module, or else compiled code would copy all of its members at once. */
function lazyModule(member: (name: PropertyKey) => unknown): object {
  return new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : member(name)) });
}

/** A function or a class, whichever it turns out to be. */
function lazyMember(real: () => Loaded, name: PropertyKey): unknown {
  const member = () => real()[name] as (...args: unknown[]) => object;
  return new Proxy(function placeholder() {}, {
    apply: (_, self, args) => Reflect.apply(member(), self, args),
    construct: (_, args) => Reflect.construct(member(), args),
    get: (_, property) => Reflect.get(member(), property),
  });
}
