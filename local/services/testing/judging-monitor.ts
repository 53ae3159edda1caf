import * as pulumi from "@pulumi/pulumi";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import type * as resource from "@pulumi/pulumi/proto/resource_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { type Properties, reveal } from "../../../review/rules/values.ts";
import { PlanNotes } from "../../provider/plan-notes.ts";
import { Provider } from "../../provider/provider.ts";
import { nameOf, type PlannedResource } from "../../provider/requests.ts";
import { decodeProperties, encodeProperties } from "../../provider/wire.ts";
import { FASTLY } from "../fastly/package.ts";
import { GCP, GCP_KINDS } from "../google/package.ts";

type Answer<Response> = (error: unknown, response?: Response) => void;

const CONFIG = { project: "acme", region: "europe-west1" };
const SERVICE = "gcp:projects/service:Service";

/**
 * Stands for Pulumi's engine in a preview of a new stack, as far as the SDK and the providers see it: many programs
 * can be judged in one process, in milliseconds each.
 */
class JudgingMonitor {
  readonly #notes = new PlanNotes();
  readonly #dependencies = new Map<string, PlannedResource["dependencies"]>();
  readonly #order: string[] = [];
  readonly #providers: Readonly<Record<string, Provider>>;
  readonly #byUrn = new Map<string, Provider>();

  constructor() {
    const gcp = Provider.offline(GCP, false);
    gcp.configure(CONFIG);
    this.#providers = { gcp, fastly: Provider.offline(FASTLY, false) };
  }

  /** Takes it for granted that every service is on. */
  enableServices(): void {
    for (const service of new Set(GCP_KINDS.flatMap(({ services = [] }) => services))) {
      const urn = `urn:pulumi:test::enabled::${SERVICE}::${service}`;
      const provider = this.#providers.gcp;
      if (!provider) continue;
      this.#notes.checked(provider, urn, provider.check({ urn, olds: {}, news: { service } }));
      this.#order.push(urn);
    }
  }

  /** What is wrong without a doubt, as `NAME: SENTENCE`. */
  judge(): readonly string[] {
    const judged = this.#notes.judge(this.#dependencies, (urn) => this.#order.indexOf(urn));
    return [...this.#notes.refusals(), ...judged.filter(({ isDoubt }) => !isDoubt)].map(
      ({ urn, reason }) => `${nameOf({ urn })}: ${reason}`,
    );
  }

  async registerResource(
    request: resource.RegisterResourceRequest,
    answer: Answer<resource.RegisterResourceResponse>,
  ): Promise<void> {
    const urn = urnOf(request);
    const properties = decodeStruct(request.getObject());
    const response = new messages.RegisterResourceResponse().setUrn(urn);
    const settled = (outputs: Properties) => answer(null, response.setObject(encodeStruct(outputs)));
    if (!request.getCustom()) return settled(properties);
    const provider = this.#providerOf(request.getType(), request.getProvider());
    const [, configured] = /^pulumi:providers:(\w+)$/.exec(request.getType()) ?? [];
    if (configured !== undefined) {
      this.#configure(urn, configured, properties);
      response.setId("provider");
      return settled(properties);
    }
    // Of a kind that nobody wrote here nothing is known.
    if (!provider?.package.kinds.some(({ token }) => token === request.getType())) return settled({});
    this.#order.push(urn);
    this.#dependencies.set(
      urn,
      Object.fromEntries(
        [...request.getPropertydependenciesMap().entries()].map(([name, dependencies]) => [
          name,
          dependencies.getUrnsList(),
        ]),
      ),
    );
    const checked = provider.check({ urn, olds: {}, news: properties, randomSeed: Buffer.from(urn) });
    this.#notes.checked(provider, urn, checked);
    const created = await provider.create({
      urn,
      properties: checked.inputs,
      preview: true,
      timeoutSeconds: 0,
    });
    this.#notes.found(provider, urn, created.id, created.properties);
    return settled(created.properties);
  }

  readResource(request: resource.ReadResourceRequest, answer: Answer<resource.ReadResourceResponse>): void {
    const urn = urnOf(request);
    const provider = this.#providerOf(request.getType(), request.getProvider());
    const read = provider?.read({ urn, id: request.getId(), inputs: {} });
    if (provider && read) this.#notes.found(provider, urn, read.id, read.properties);
    answer(
      null,
      new messages.ReadResourceResponse().setUrn(urn).setProperties(encodeStruct(read?.properties ?? {})),
    );
  }

  invoke(request: resource.ResourceInvokeRequest, answer: Answer<pb.InvokeResponse>): void {
    const response = new providerMessages.InvokeResponse();
    const provider = this.#providerOf(request.getTok(), request.getProvider());
    try {
      const isWritten = provider && Object.hasOwn(provider.package.functions, request.getTok());
      const result = isWritten && provider.invoke(request.getTok(), decodeStruct(request.getArgs()));
      if (result && "failures" in result) throw new Error(result.failures.map(({ reason }) => reason).join());
      answer(null, response.setReturn(encodeStruct(result ? result.result : {})));
    } catch (error) {
      answer(error);
    }
  }

  registerResourceOutputs(_: unknown, answer: Answer<unknown>): void {
    answer(null, new emptyMessages.Empty());
  }

  supportsFeature(
    request: resource.SupportsFeatureRequest,
    answer: Answer<resource.SupportsFeatureResponse>,
  ): void {
    const isSupported = request.getId() === "secrets";
    answer(null, new messages.SupportsFeatureResponse().setHassupport(isSupported));
  }

  getDeploymentInfo(_: unknown, answer: Answer<resource.DeploymentInfo>): void {
    answer(null, new messages.DeploymentInfo());
  }

  #providerOf(token: string, reference: string): Provider | undefined {
    return (
      this.#byUrn.get(reference.replace(/::[^:]*$/, "")) ??
      this.#providers[token.slice(0, token.indexOf(":"))]
    );
  }

  /** One that the program makes beside the default one. */
  #configure(urn: string, name: string, { project, region }: Properties): void {
    const provider = this.#providers[name]?.another();
    if (!provider) return;
    const given = Object.entries({ project, region }).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    );
    provider.configure(name === "gcp" ? { ...CONFIG, ...Object.fromEntries(given) } : {});
    this.#byUrn.set(urn, provider);
  }
}

/**
 * Runs a program against the offline providers, and judges the whole of its plan.
 *
 * @param program registers resources; those that it registers within `apply` are waited for.
 */
export async function judgeProgram(
  program: () => unknown,
  { servicesOn = false }: { readonly servicesOn?: boolean } = {},
): Promise<readonly string[]> {
  const monitor = new JudgingMonitor();
  if (servicesOn) monitor.enableServices();
  pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
  pulumi.runtime.setMockOptions(monitor, "program", "test", true);
  try {
    await program();
  } finally {
    await pulumi.runtime.disconnect();
  }
  return monitor.judge();
}

function urnOf(request: { getParent(): string; getType(): string; getName(): string }): string {
  const ancestors = request.getParent().split("::")[2];
  const type = ancestors ? `${ancestors}$${request.getType()}` : request.getType();
  return `urn:pulumi:test::program::${type}::${request.getName()}`;
}

function decodeStruct(struct: Struct | undefined): Properties {
  return decodeProperties(struct?.toJavaScript() ?? {});
}

function encodeStruct(properties: Properties): Struct {
  return structs.Struct.fromJavaScript(
    encodeProperties(reveal(properties)) as Parameters<typeof structs.Struct.fromJavaScript>[0],
  );
}
