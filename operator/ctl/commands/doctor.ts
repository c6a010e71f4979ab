/** `agentflow doctor`: reports what is wrong and what to do about it. */
import type { Command } from "commander";
import { arch } from "node:os";
import type { BrokerUrl } from "../../../protocol/broker/broker_url.ts";
import { Bus } from "../../bus.ts";
import { BusError } from "../../bus_error.ts";
import { brokerFindings } from "../../operations/broker_findings.ts";
import { tryBroker } from "../../operations/broker_trial.ts";
import { type Finding, fleetFindings, machineFindings } from "../../operations/diagnosis.ts";
import { examine } from "../../operations/doctor.ts";
import { hearsItself } from "../../operations/survey.ts";
import { VERSION } from "../../../protocol/version.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { examineDevice } from "../../deploy/examine.ts";
import { checkDestination } from "../../deploy/ssh.ts";
import { addConnectionOptions, readConnection, text } from "../options.ts";
import { type Colour, oneLine, paint } from "../terminal.ts";

const MARKS: Readonly<Record<Finding["status"], { readonly mark: string; readonly colour: Colour }>> = {
  ok: { mark: "ok", colour: "green" },
  warning: { mark: "warning", colour: "yellow" },
  failed: { mark: "failed", colour: "red" },
};

export function addDoctor(program: Command, cli: Cli): void {
  const command = program.command("doctor")
    .description(
      "find problems with broker, access, nodes and agents, and say what to do; exit code 1 if there are any",
    );
  command
    .option("--device <USER@HOST>", "also check over ssh whether this machine can run a node")
    .option("--ssh-config <FILE>", "configuration file for ssh, instead of your own");
  addConnectionOptions(command);
  cli.local(command, async (run) => {
    const findings: Finding[] = [];
    const show = (finding: Finding) => {
      findings.push(finding);
      print(run, finding);
    };
    machineFindings(Deno.version.deno, arch()).forEach(show);
    const device = text(run.options, "device");
    if (device !== undefined) {
      const configFile = text(run.options, "sshConfig");
      show(await examineDevice({ destination: checkDestination(device), configFile, signal: run.signal }));
    }
    const isReached = await examineBus(cli, run, show);
    const hasFailed = findings.some(({ status }) => status === "failed");
    if (run.json) run.printJson({ ok: !hasFailed, findings });
    if (!isReached) return EXIT.broker;
    return hasFailed ? EXIT.failed : EXIT.ok;
  });
}

/** @returns whether the broker lets this client in */
async function examineBus(cli: Cli, run: Run, show: (finding: Finding) => void): Promise<boolean> {
  const warn = (message: string) => show({ check: "access", status: "warning", message, advice: undefined });
  const connection = await readConnection(run.options, run.env, warn);
  try {
    await cli.withOperator(run, connection, async (operator, { broker, access }) => {
      const who = access.username === undefined ? "without a user name" : `as '${access.username}'`;
      show({
        check: "broker",
        status: "ok",
        message: `connected to ${broker.url} ${who}`,
        advice: undefined,
      });
      if (!await hearsItself(operator)) return show(DEAF);
      const timeoutMs = run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs };
      const connect = (one: BrokerUrl) =>
        Bus.connect({ broker: one, access, ...timeoutMs, signal: run.signal });
      brokerFindings(await tryBroker(broker, connect)).forEach(show);
      fleetFindings(await examine(operator, VERSION, run.signal)).forEach(show);
    });
    return true;
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    show({ check: "broker", status: "failed", message: error.message, advice: ADVICE[error.kind] });
    return false;
  }
}

/** Adds advice to the error's message. */
const ADVICE: Readonly<Record<BusError["kind"], string | undefined>> = {
  absent: "start the broker, or name it with --broker, --port or --profile",
  refused: "the broker decides who may connect: docs/security.md shows users and rules for mosquitto",
  other: undefined,
};

const DEAF: Finding = {
  check: "access",
  status: "failed",
  message: "the broker accepts what this user publishes on main/reply/…, but does not deliver it back",
  advice: "let the user read and write nodes/#, agents/# and main/#: docs/security.md has the access rules",
};

function print(run: Run, { check, status, message, advice }: Finding): void {
  if (run.json) return;
  const { mark, colour } = MARKS[status];
  run.print(`${paint(run.stdout, colour, mark.padEnd(7))}  ${oneLine(check)}: ${oneLine(message)}`);
  if (advice !== undefined) run.print(`         → ${oneLine(advice)}`);
}
