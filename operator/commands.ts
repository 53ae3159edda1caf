import { type Command, Option } from "commander";
import type { RevocationReason } from "../runtime/certificates/acme/certificate-authority.ts";
import { printToken } from "./api-token.ts";
import { listAccounts } from "./certificates/accounts.ts";
import { listCertificates } from "./certificates/list.ts";
import { restoreCertificates } from "./certificates/restore.ts";
import { showCertificate } from "./certificates/show.ts";
import { tearDown } from "./certificates/teardown.ts";
import { verifyCertificates } from "./certificates/verify.ts";
import {
  dropDeadLetter,
  listDeadLetters,
  redriveDeadLetters,
  showDeadLetter,
} from "./dead-letters/commands.ts";
import { annotateDeploy } from "./deploys/annotate.ts";
import { smokeTest } from "./deploys/smoke.ts";
import { addDomain, checkDomain, listDomains, removeDomain, showDomain } from "./domains.ts";
import { forecastLimits } from "./forecast/command.ts";
import { importCertificates } from "./import/import.ts";
import { renewDomains } from "./renewal/renew.ts";
import type { OpenTarget, Target } from "./target.ts";
import { commitHash, positiveNumber, time, wholeNumber } from "./terminal/arguments.ts";

export interface OperatorOptions {
  readonly stack: string;
  readonly stateDir: string;
}

/** Makes a command with what all of them have. */
export type MakeCommand = (parent: Command, usage: string, description: string) => Command;

const REASONS: RevocationReason[] = ["unspecified", "keyCompromise", "superseded", "cessationOfOperation"];
const JSON_OPTION = ["--json", "print JSON on standard output, progress on standard error"] as const;
const WAIT = ["--wait", "show each stage until the domain is active, failed or gone"] as const;
const TIMEOUT = ["--timeout <seconds>", "how long to wait", wholeNumber, 120] as const;

/** The platform's own commands, for any stack. */
export function addOperatorCommands(
  program: Command,
  make: MakeCommand,
  openTarget: OpenTarget<OperatorOptions>,
): { readonly domains: Command; readonly certificates: Command } {
  const command: MakeCommand = (parent, usage, description) =>
    make(parent, usage, description)
      .option("--stack <stack>", "whose platform: the local one, or one that Pulumi's CLI knows", "local")
      .option(...JSON_OPTION);

  const domains = program.command("domains").description("Customers' domains.").exitOverride();
  command(domains, "add <name>", "Register a domain.")
    .option(...WAIT)
    .option(...TIMEOUT)
    .action(on(openTarget, addDomain));
  command(domains, "show <name>", "State, reason and phases of a domain.").action(on(openTarget, showDomain));
  command(domains, "list", "All domains.").action(on(openTarget, listDomains));
  command(domains, "renew [name]", "Renew the certificate before its time, with a new key.")
    .option("--all", "of every domain, within the limits of CA and CDN; says first how long that takes")
    .addOption(revocation("--reason <reason>", "have the old certificate revoked once the new one is seen"))
    .option("--since <time>", "with --all: what was issued from then on is renewed already (now)", time)
    .option("--first <file>", "with --all: names, one a line, that go before the others")
    .option("--dry-run", "with --all: only say how long it takes, and in what order")
    .option("--timeout <seconds>", "how long to wait (300; three days with --all)", positiveNumber)
    .action(on(openTarget, renewDomains));
  command(
    domains,
    "check <name>",
    "Check a domain now, and do what is due, rather than at its next turn.",
  ).action(on(openTarget, checkDomain));
  command(domains, "remove <name>", "Take a domain out of service and forget it.")
    .addOption(revocation("--revoke [reason]", "have its certificate revoked").preset("unspecified"))
    .option(...WAIT)
    .option(...TIMEOUT)
    .action(on(openTarget, removeDomain));
  command(
    domains,
    "token",
    "A token for the API, as the operator; and on standard error a curl that uses it.",
  ).action(on(openTarget, printToken));

  const certificates = program
    .command("certificates")
    .description("Their certificates and backups.")
    .exitOverride();
  command(
    certificates,
    "show <name>",
    "The certificate of a domain: as backed up, and as the edge shows it.",
  ).action(on(openTarget, showCertificate));
  command(certificates, "list", "The certificates that are served, soonest end first.").action(
    on(openTarget, listCertificates),
  );
  command(
    certificates,
    "account",
    "Our accounts at CAs, which customers may name in their CAA records (accounturi).",
  ).action(on(openTarget, listAccounts));
  command(
    certificates,
    "restore [name]",
    "Bring the newest backup that is of use back to the edge. Safe to repeat: what the edge shows is left alone with --all.",
  )
    .option("--all", "of every domain, where the CDN lost them all, say")
    .option("--timeout <seconds>", "how long to wait (120; two days with --all)", positiveNumber)
    .action(on(openTarget, restoreCertificates));
  command(certificates, "verify [name]", "Whether backup, CDN and edge agree. Changes nothing.")
    .option("--all", "on every domain")
    .option("--timeout <seconds>", "how long to wait", positiveNumber, 86_400)
    .action(on(openTarget, verifyCertificates));
  command(
    certificates,
    "forecast",
    "When limits of the CA or the CDN bind, with the certificates that there are: under the lifetimes announced, 64, 45 and 6 days, or if all are revoked.",
  )
    .option("--growth <number>", "registrations a day", wholeNumber, 0)
    .option("--days <number>", "how far to look", positiveNumber, 1_095)
    .action(on(openTarget, forecastLimits));
  command(
    certificates,
    "import <files...>",
    "Adopt what an older platform left, without new orders: cert-manager's Secrets (kubectl get secrets -A -o yaml), and activations at the CDN (pages of GET /tls/activations).",
  )
    .option("--customer <email>", "whose the names are to be")
    .option("--customers <file>", "the same by namespace: lines NAMESPACE EMAIL")
    .option("--dry-run", "only say what would be done, and why not")
    .option("--timeout <seconds>", "how long to go on", positiveNumber, 86_400)
    .action(on(openTarget, importCertificates));
  command(
    certificates,
    "teardown",
    "Before pulumi destroy: take every domain off the CDN, with link, activation, certificate and key. Backups stay. Safe to repeat.",
  )
    .option("--yes", "ask nobody")
    .option("--timeout <seconds>", "how long to go on", positiveNumber, 2 * 86_400)
    .action(on(openTarget, tearDown));

  const deadLetters = program
    .command("deadletters")
    .description("Messages that a stage could not process.")
    .exitOverride();
  command(deadLetters, "list", "All of them, oldest first, and what became of their domains.").action(
    on(openTarget, listDeadLetters),
  );
  command(deadLetters, "show <id>", "One of them, whole.").action(on(openTarget, showDeadLetter));
  command(deadLetters, "redrive [id]", "Send it to its stage again, once the cause is mended.")
    .option("--all", "all of them")
    .action(on(openTarget, redriveDeadLetters));
  command(deadLetters, "drop <id>", "Throw it away, after saying what it is.").action(
    on(openTarget, dropDeadLetter),
  );

  command(
    program,
    "smoke",
    "After a deploy: whether the platform does what it is for, from where its users are. Changes nothing.",
  )
    .option("--domain <name>", "whose site to look at (the first that is active)")
    .option("--timeout <seconds>", "how long to look again at what does not hold yet", positiveNumber, 120)
    .action(on(openTarget, smokeTest));
  command(
    program,
    "annotate",
    "Write what was deployed, and by whom, where the platform's dashboard shows it.",
  )
    .requiredOption("--commit <hash>", "of what was deployed", commitHash)
    .requiredOption("--actor <name>", "who deployed it")
    .action(on(openTarget, annotateDeploy));
  return { domains, certificates };
}

function revocation(flags: string, description: string): Option {
  return new Option(flags, `${description} (RFC 5280)`).choices(REASONS);
}

/** What commander calls: with the arguments, the options and the command. */
function on<Args extends readonly unknown[]>(
  openTarget: OpenTarget<OperatorOptions>,
  act: (target: Target, ...args: Args) => Promise<void>,
): (...called: readonly unknown[]) => Promise<void> {
  return async (...called) => {
    const args = called.slice(0, -1) as unknown as Args;
    await act(await openTarget(args.at(-1) as OperatorOptions), ...args);
  };
}
