import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { addOperatorCommands, type OperatorOptions } from "../../operator/commands.ts";
import { googleTarget } from "../../operator/google-target.ts";
import type { OpenTarget } from "../../operator/target.ts";
import { keyValue, positiveNumber, wholeNumber } from "../../operator/terminal/arguments.ts";
import { Failure } from "../../operator/terminal/failure.ts";
import { outliveReaders } from "../../operator/terminal/output.ts";
import { DEFAULT_PORT_BASE, PORT_BASES } from "../kernel/claim-ports.ts";
import { absoluteStateDir, DEFAULT_STATE_DIR, type Place } from "../kernel/place.ts";
import { LOCAL_STACK } from "../pulumi/local-stack.ts";
import { listAlerts, listNotices } from "./alerts.ts";
import { demoRenewal } from "./demo/renewal.ts";
import { traceDomain } from "./domain-trace.ts";
import { down } from "./down.ts";
import { golden } from "./golden.ts";
import { listGrants } from "./grants.ts";
import { listJobs, runJob } from "./jobs.ts";
import { flagsKeptByNpm } from "./kept-by-npm.ts";
import { LocalApi } from "./local-target.ts";
import { logs } from "./logs.ts";
import { EXIT_CHANGES, preview } from "./preview.ts";
import { pulumi } from "./pulumi.ts";
import { review } from "./review/review.ts";
import { rollback } from "./rollback.ts";
import { status } from "./status.ts";
import { toldError } from "./told-error.ts";
import { up } from "./up.ts";

const EXIT_USAGE = 2;

const EPILOGUE = `
npm takes what comes before -- for itself: npm run up -- --port-base 30000.
Exit codes: 0 done · 1 failed · 2 wrong usage · 3 another run holds the stack · 4 state unusable ·
            5 the cloud is not running · 6 changes where none were expected · 69 a tool is missing · 130 interrupted`;

const program = new Command("npm run")
  .description("The whole platform on this machine.")
  .exitOverride()
  .enablePositionalOptions()
  .showHelpAfterError("(--help shows what there is)");

function command(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .exitOverride()
    .option("--state-dir <folder>", "where state, objects and logs are", DEFAULT_STATE_DIR)
    .addHelpText("after", EPILOGUE);
}

const json = ["--json", "print JSON on standard output, progress on standard error"] as const;

command(
  program,
  "up",
  "Start the local cloud and make the platform in it; ends with a domain served over HTTPS.",
)
  .addOption(portBaseOption())
  .addOption(config())
  .addOption(cwd())
  .option("--tree", "show Pulumi's own display of every resource, not progress and a summary")
  .option("--diff", "show it with the properties that change")
  .option("--no-first-domain", "do not register hello.example.test at the end")
  .option("--no-type-check", "do not ask the compiler first, of a revision that was checked before say")
  .option(...json)
  .action((options: Parameters<typeof up>[0]) => up(options));

command(program, "down", "Stop the local cloud. State stays, and `up` goes on from it.")
  .option("--purge", "delete the state folder too: certificates, keys, logs, all of it")
  .action(down);

command(
  program,
  "preview [stack]",
  "Show what an up of a stack (local, dev, prod) would do. Offline: needs no cloud and no credentials.",
)
  .option("--from <file>", "start from what `pulumi stack export` wrote")
  .option("--diff", "show the properties that change")
  .option("--show-sames", "show what stays the same too")
  .option("--show-replacement-steps", "with --json, show the two halves of each replacement too")
  .option("--expect-no-changes", `end with exit code ${EXIT_CHANGES} if there are any`)
  .addOption(portBaseOption())
  .addOption(config())
  .addOption(cwd())
  .option(...json)
  .action((stack: string | undefined, options: Parameters<typeof preview>[1]) =>
    preview(stack ?? LOCAL_STACK, options),
  );

program
  .command("golden")
  .description("Write all that the program makes in each stack to test/golden, to be reviewed as a diff.")
  .exitOverride()
  .option("--folder <folder>", "where the files are", join("test", "golden"))
  .addOption(cwd())
  .action(golden);

command(
  program,
  "review [base]",
  "Review what an update would do: of this program compared with a revision of it, offline, or of given previews.",
)
  .option("--stack <stack...>", "compare these stacks (default: all)")
  .option("--preview <file...>", "review what `pulumi preview --json` wrote, each of one stack")
  .option("--commit <hash>", "the commit that was previewed (default of a comparison: HEAD)")
  .option("--rehearse", "also make the base here and update it under traffic; exit code 1 if anybody noticed")
  .option(
    "--settle <seconds>",
    "how long what a rehearsal began may take after the update (120)",
    positiveNumber,
  )
  .option("--keep", "keep the state of a rehearsal, to look at its logs")
  .option("--markdown <file>", "write the comment of a pull request")
  .option("--html <file>", "write the whole review as a page with pictures")
  .addOption(cwd())
  .option(...json)
  .action(review);

program
  .command("grants [stack]")
  .description("Who may do what to what in a stack (local, dev, prod), and which test needs each grant.")
  .exitOverride()
  .addOption(cwd())
  .option(...json)
  .action((stack: string | undefined, options: Parameters<typeof listGrants>[1]) =>
    listGrants(stack ?? LOCAL_STACK, options),
  );

program
  .command("pulumi [args...]")
  .description("Pulumi's own CLI on the local stack: stack export, stack graph, refresh, state, destroy, …")
  .option("--state-dir <folder>", "where the stack is", DEFAULT_STATE_DIR)
  .helpOption(false)
  .allowUnknownOption()
  .passThroughOptions()
  .action((args: readonly string[], options: Place) => pulumi(args, options));

command(program, "status", "What runs, where it listens, and which file holds the CAs.")
  .option("--env", "print what Pulumi's own CLI needs to work on the local stack, as `export` lines")
  .option(...json)
  .action(status);

command(
  program,
  "logs [workload]",
  "Log entries of workloads and parts of the cloud; without a name, or a part of one, of all.",
)
  .option("--follow", "go on until interrupted")
  .option("--severity <severity>", "at least DEBUG, INFO, NOTICE, WARNING, ERROR or CRITICAL", "INFO")
  .option("--trace <id>", "only what belongs to this trace")
  .option("--since <time>", "only from this time on (RFC 3339), or from 90s, 10m, 2h or 1d ago")
  .option("--lines <number>", "entries from before (100, or all with --trace or --since)", positiveNumber)
  .option(...json)
  .action(logs);

const openTarget: OpenTarget<OperatorOptions> = ({ stack, stateDir }) =>
  stack === LOCAL_STACK ? LocalApi.open(stateDir).then(({ target }) => target) : googleTarget(stack);
const { domains } = addOperatorCommands(program, command, openTarget);
command(domains, "trace <name>", "Every hop of a domain's newest registration here, with times.")
  .option(...json)
  .action(traceDomain);

command(
  program,
  "rollback",
  "Update a stack with the program and the configuration of a former commit, then look whether it works.",
)
  .requiredOption("--to <commit>", "the commit to go back to")
  .option("--stack <stack>", "which stack: the local one, or one that Pulumi's CLI knows", LOCAL_STACK)
  .option("--formats-read", "it has been read that the former program can read what is stored now")
  .option("--actor <name>", "who goes back, for the dashboard", process.env.USER ?? "somebody")
  .option("--yes", "ask nobody")
  .option(
    "--timeout <seconds>",
    "how long to look afterwards for what does not hold yet",
    positiveNumber,
    120,
  )
  .action((options: Parameters<typeof rollback>[0]) => rollback(options, openTarget));

const demo = program.command("demo").description("Shows of what the platform does by itself.").exitOverride();
command(
  demo,
  "renewal",
  "A certificate replaced while visitors hammer its site; an alert, and its end, for a name that moved.",
)
  .option("--timeout <seconds>", "how long each step may take", wholeNumber, 120)
  .option(...json)
  .action(demoRenewal);

let stateDir: string | undefined;
program.hook("preAction", (_, chosen) => {
  stateDir = chosen.opts<Place>().stateDir;
});
const jobs = program.command("jobs").description("Cloud Scheduler's jobs.").exitOverride();
command(jobs, "list", "All jobs: schedule, state, next run and last attempt.")
  .option(...json)
  .action(listJobs);
command(jobs, "run <name>", "Run a job now, once, and say what came of it.")
  .option(...json)
  .action(runJob);

const alerts = program
  .command("alerts")
  .description("Alert policies, and what people are told of domains' problems.")
  .exitOverride();
command(alerts, "list", "All policies: state, value, and what they told whom.")
  .option(...json)
  .action(listAlerts);
command(alerts, "notices", "What Slack and Sentry were told of domains' problems; oldest first.")
  .option(...json)
  .action(listNotices);

outliveReaders();
const kept = flagsKeptByNpm(program, process.argv.slice(2), process.env);
try {
  if (kept !== undefined) throw new Failure(kept, EXIT_USAGE);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    const told = toldError(error, stateDir && absoluteStateDir(stateDir));
    if (!told) throw error;
    process.stderr.write(`${told.text}\n`);
    process.exitCode = told.exitCode;
  }
}

function portBase(text: string): number {
  const port = wholeNumber(text);
  const { least, most } = PORT_BASES;
  if (port < least || port > most) throw new InvalidArgumentError(`It must be from ${least} to ${most}.`);
  return port;
}

function portBaseOption(): Option {
  return new Option(
    "--port-base <port>",
    `first of the ports, all on 127.0.0.1 (default: those of the cloud that runs or ran last, or from ${DEFAULT_PORT_BASE})`,
  ).argParser(portBase);
}

function cwd(): Option {
  return new Option(
    "-C, --cwd <folder>",
    "the folder of the program's Pulumi.yaml (default: this repository)",
  );
}

function config(): Option {
  return new Option("--config <key=value...>", "set configuration over the stack's file")
    .argParser(keyValue)
    .default({}, "none");
}
