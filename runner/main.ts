/** Entry of the runner: reads the command line, starts what it asks for, and decides the exit code. */
import "../protocol/broker/quiet_libraries.ts";
import { basename } from "@std/path";
import { readAccess } from "../protocol/broker/access_files.ts";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";
import { systemClock } from "./clock.ts";
import { PASSWORD_VARIABLE } from "../protocol/broker/broker_flags.ts";
import { ConfigError } from "../protocol/config/config_error.ts";
import { parseCommandLine, type Request, type RunnerConfig } from "./config.ts";
import { endSignals, interruption, keepOthersOut } from "../protocol/config/surroundings.ts";
import { runnerHelp } from "./flags.ts";
import { findDeno } from "../protocol/deno_executable.ts";
import { type BrokerAccess, canBeOverheard } from "../protocol/broker/access.ts";
import type { OwnBroker } from "./own_broker.ts";
import type { Node } from "./node/node.ts";
import type { Policy } from "./policy/policy.ts";
import { readPolicy } from "./policy/read.ts";
import { readExpectations, SERVICE_VARIABLES } from "./service/expectations.ts";
import { journalLine, leadsToJournal } from "./service/journal.ts";
import { AlreadyRunningError } from "./store/registry.ts";
import { runNode } from "./run_node.ts";
import { VERSION } from "../protocol/version.ts";
import { writeLine } from "../protocol/write_line.ts";

const EXIT_USAGE = 2;
const EXIT_NAME_TAKEN = 3;
/** EX_TEMPFAIL: the launcher starts the node again, with the runner that is current then. */
const EXIT_UPGRADED = 75;

async function main(): Promise<number> {
  keepOthersOut();
  const request = readRequest();
  if (request === undefined) return EXIT_USAGE;
  switch (request.kind) {
    case "help":
      print(runnerHelp(program()));
      return 0;
    case "version":
      print(`agentflow-node ${VERSION} (deno ${Deno.version.deno}, ${Deno.build.target})`);
      return 0;
    case "test": {
      // Loaded lazily: only needed for the self-test.
      const { selfTest } = await import("./selftest/main.ts");
      const { config } = request;
      // Later signals are ignored: the self-test then ends within seconds.
      const interrupted = interruption();
      return await selfTest({
        deno: await findDeno(config.deno, Deno.env.get("PATH") ?? ""),
        config,
        clock: systemClock,
        print,
        interrupted,
      });
    }
    case "run":
      return await run(request.config);
    default:
      return request satisfies never;
  }
}

function readRequest(): Request | undefined {
  try {
    const random = crypto.randomUUID().slice(0, 6);
    const request = parseCommandLine(Deno.args, Deno.env.toObject(), random);
    // Nothing that this process starts may inherit it.
    Deno.env.delete(PASSWORD_VARIABLE);
    return request;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printError(`agentflow-node: ${error.message}`);
    return undefined;
  }
}

async function run(config: RunnerConfig): Promise<number> {
  const service = readExpectations(Deno.env.toObject(), Deno.pid);
  for (const name of SERVICE_VARIABLES) Deno.env.delete(name);
  const log = createLogger(config.logLevel, logsToJournal() ? printToJournal : printError);
  const access = await openAccess(config, log);
  if (access === undefined) return EXIT_USAGE;
  const policy = await openPolicy(config);
  if (policy === undefined) return EXIT_USAGE;
  if (config.stateDirIsTemporary) {
    log.warning(
      "State files are kept in /tmp, which does not outlive a reboot: choose a folder with --state-dir",
    );
  }
  try {
    const deno = await findDeno(config.deno, Deno.env.get("PATH") ?? "");
    await using broker = await brokerFor(config, access, log);
    const { node, ready } = await runNode(config, {
      broker: broker.url,
      access: broker.access,
      policy,
      deno,
      clock: systemClock,
      log,
      env: Deno.env.toObject(),
    });
    log.info(`Node '${config.name}' (agentflow-node ${VERSION}) uses the broker at ${broker.url.url}`);
    using _signals = endOnSignals(node, log);
    if (log.isDebug) {
      const { diagnose } = await import("./diagnostics.ts");
      void diagnose(config, broker.url, deno, log);
    }
    // A node that cannot run agents must not look like one that can.
    await Promise.race([ready, node.closed]);
    const reported = service &&
      import("./service/accompany.ts").then(({ accompany }) =>
        accompany(service, `Uses the broker at ${broker.url.url}`, node.ending, systemClock, log)
      );
    const ending = await node.closed;
    // A node may end before systemd has heard that it was up.
    await reported;
    if (ending.kind === "name_taken") throw new AlreadyRunningError(ending.message);
    log.info(`Node '${config.name}' has ended`);
    return ending.kind === "upgraded" ? EXIT_UPGRADED : 0;
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error));
    if (error instanceof ConfigError) return EXIT_USAGE;
    return error instanceof AlreadyRunningError ? EXIT_NAME_TAKEN : 1;
  }
}

async function openPolicy({ policy }: RunnerConfig): Promise<Policy | undefined> {
  try {
    return await readPolicy(policy);
  } catch (error) {
    printError(`agentflow-node: ${(error as Error).message}`);
    return undefined;
  }
}

async function openAccess(config: RunnerConfig, log: Logger): Promise<BrokerAccess | undefined> {
  try {
    const access = await readAccess(config.access, (message) => log.warning(message));
    if (access.password !== undefined && config.broker !== "embedded" && canBeOverheard(config.broker)) {
      log.warning("The password goes to the broker unencrypted: use mqtts:// or wss:// if the broker has it");
    }
    return access;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printError(`agentflow-node: ${error.message}`);
    return undefined;
  }
}

/** The broker that was asked for; an embedded one is started, and ended with the node. */
async function brokerFor(config: RunnerConfig, access: BrokerAccess, log: Logger): Promise<OwnBroker> {
  if (config.broker !== "embedded") {
    return { url: config.broker, access, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  // Loaded lazily: only needed with the embedded broker.
  const { startOwnBroker } = await import("./own_broker.ts");
  return await startOwnBroker(config, access, log);
}

/** `deno task` forwards a Ctrl-C that the terminal has already sent to every process: one press, two signals. */
const SAME_PRESS_MS = 100;

/** The first signal ends the node in order, the second at once. */
function endOnSignals(node: Node, log: Logger): Disposable {
  let firstMs: number | undefined;
  const onSignal = (mayRepeat: boolean) => {
    const nowMs = systemClock.monotonicMs();
    if (firstMs === undefined) {
      firstMs = nowMs;
      log.info("Ending: stopping all agents (a second signal ends at once)");
      void node.close("shutdown");
    } else if (!mayRepeat || nowMs - firstMs > SAME_PRESS_MS) Deno.exit(1);
  };
  const onInterrupt = () => onSignal(true);
  const onTerminate = () => onSignal(false);
  const listeners = endSignals().map((signal) => {
    const listener = signal === "SIGINT" ? onInterrupt : onTerminate;
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

/** How this runner was started: from a clone, as one file, or compiled. */
function program(): string {
  if (Deno.build.standalone) return basename(Deno.execPath());
  const path = new URL(Deno.mainModule).pathname;
  return `deno run -A ${path.endsWith("/runner/main.ts") ? "runner/main.ts" : basename(path)}`;
}

function print(line: string): void {
  writeLine(Deno.stdout, line);
}

function printToJournal(line: string, level: LogLevel): void {
  printError(journalLine(line, level));
}

function logsToJournal(): boolean {
  try {
    return leadsToJournal(Deno.env.get("JOURNAL_STREAM"), Deno.statSync("/proc/self/fd/2"));
  } catch {
    // No /proc, or no standard error.
    return false;
  }
}

function printError(line: string): void {
  writeLine(Deno.stderr, line);
}

if (import.meta.main) Deno.exit(await main());
