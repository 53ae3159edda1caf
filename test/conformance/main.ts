import { Command, CommanderError } from "commander";
import { GoogleAuth } from "google-auth-library";
import { compare, type Ledger, type Reality, writeLedger } from "./ledger.ts";
import { readPlace, type Tokens } from "./place.ts";

const EXIT = { same: 0, differs: 1, usage: 2 };
const FASTLY = "https://api.fastly.com";
const DIRECTORIES: Readonly<Record<string, string>> = {
  staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
};
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

interface Options {
  readonly project?: string;
  readonly resources?: string;
  readonly fastlyService?: string;
  readonly acme?: string;
  readonly domain?: string;
  readonly contact?: string;
  readonly ledger?: string;
  readonly json?: boolean;
}

/** What is wrong with how the command was called, all of it in one message. */
class Missing extends Error {
  readonly code = "MISSING";
}

const program = new Command("npm run conformance --")
  .description(
    "Hold the local cloud against reality: the same suites, through the same clients, against Google, Fastly and a CA. What is given is looked at.",
  )
  .option("--project <id>", "Google's: the project, with your application-default credentials")
  .option("--resources <file>", "Google's: what to work on, as docs/conformance.md says")
  .option(
    "--fastly-service <id>",
    "Fastly's: the service to link a name to, with the token in FASTLY_API_KEY",
  )
  .option("--acme <directory>", "the CA's: staging, which is Let's Encrypt's, or a URL")
  .option("--domain <name>", "a name of yours that nobody uses, for Fastly and the CA")
  .option("--contact <url>", "the mailto: URL of an account at the CA")
  .option("--ledger <file>", "where to write what was found (docs/conformance/DATE.json)")
  .option("--json", "print the ledger on standard output")
  .exitOverride()
  .action(run);

async function run(options: Options): Promise<void> {
  const reality = await realityOf(options);
  const now = new Date();
  const ledger = await compare(reality, now);
  const file = options.ledger ?? `docs/conformance/${now.toISOString().slice(0, 10)}.json`;
  writeLedger(file, ledger);
  if (options.json) process.stdout.write(`${JSON.stringify(ledger)}\n`);
  else process.stdout.write(`${inWords(ledger)}\nWritten to ${file}.\n`);
  if (ledger.differences.length > 0) process.exitCode = EXIT.differs;
}

/** @throws {Missing} with everything that is missing, by name */
async function realityOf(options: Options): Promise<Reality> {
  const { project, resources, fastlyService, acme, domain, contact } = options;
  const token = process.env.FASTLY_API_KEY;
  const missing: string[] = [];
  const need = (condition: unknown, what: string) => {
    if (!condition) missing.push(what);
  };
  if (!project && !fastlyService && !acme) missing.push("--project, --fastly-service or --acme");
  need(!project || resources, "--resources, for --project");
  need(!resources || project, "--project, for --resources");
  need(!fastlyService || token, "the environment variable FASTLY_API_KEY, for --fastly-service");
  need(!(fastlyService || acme) || domain, "--domain, for Fastly and the CA");
  need(!acme || contact, "--contact, for --acme");
  const place = resources === undefined ? undefined : readPlace(resources);
  const tokens = place?.elsewhere
    ? { get: async () => "elsewhere" }
    : project && (await credentials(missing));
  if (missing.length > 0) throw new Missing(`Missing: ${missing.join("; ")}.`);
  return {
    ...(project && place && tokens && { google: { project, place, tokens } }),
    ...(fastlyService &&
      token &&
      domain && {
        fastly: {
          api: { endpoint: place?.elsewhere?.fastly ?? FASTLY, token },
          serviceId: fastlyService,
          domain,
        },
      }),
    ...(acme && domain && contact && { acme: { directoryUrl: DIRECTORIES[acme] ?? acme, domain, contact } }),
  };
}

async function credentials(missing: string[]): Promise<Tokens | undefined> {
  const auth = new GoogleAuth({ scopes: SCOPE });
  try {
    await auth.getAccessToken();
  } catch {
    missing.push("Google's credentials: gcloud auth application-default login");
    return undefined;
  }
  return {
    async get() {
      const token = await auth.getAccessToken();
      if (!token) throw new Error("Google gave no access token.");
      return token;
    },
  };
}

function inWords({ services, same, differences }: Ledger): string {
  return [
    ...differences.map(
      ({ service, title, outcome, expected, got }) =>
        `${service}, ${title}: ${outcome}; here ${JSON.stringify(expected)}, there ${JSON.stringify(got)}.`,
    ),
    `${services.join(", ")}: ${same} cases are the same, ${differences.length} are not.`,
  ].join("\n");
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) {
    const { message } = error as Error;
    process.stderr.write(`${message}\n`);
    process.exitCode = error instanceof Missing ? EXIT.usage : EXIT.differs;
  } else process.exitCode = error.exitCode === 0 ? EXIT.same : EXIT.usage;
}
