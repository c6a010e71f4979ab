/** `agentflow doctor`: what is wrong, and what to do about it. */
import type { Command } from "commander";
import { arch } from "node:os";
import { BusError } from "../../operator/bus.ts";
import { type Finding, fleetFindings, machineFindings } from "../../operator/operations/diagnosis.ts";
import { examine } from "../../operator/operations/doctor.ts";
import { VERSION } from "../../runner/version.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { addConnectionOptions, readConnection } from "../options.ts";
import { type Colour, paint, printable } from "../terminal.ts";

const MARKS: Readonly<Record<Finding["status"], { readonly mark: string; readonly colour: Colour }>> = {
  ok: { mark: "ok", colour: "green" },
  warning: { mark: "warning", colour: "yellow" },
  failed: { mark: "failed", colour: "red" },
};

export function addDoctor(program: Command, cli: Cli): void {
  const command = program.command("doctor")
    .description(
      "look for what is wrong with broker, access, nodes and agents, and say what to do; exit code 1 if any",
    );
  addConnectionOptions(command);
  cli.local(command, async (run) => {
    const findings = machineFindings(Deno.version.deno, arch());
    const show = (finding: Finding) => {
      findings.push(finding);
      print(run, finding);
    };
    findings.forEach((finding) => print(run, finding));
    const isReached = await cli.withOperator(
      run,
      await readConnection(run.options, run.env, (message) => {
        show({ check: "access", status: "warning", message, advice: undefined });
      }),
      async (operator, { broker, access }) => {
        const who = access.username === undefined ? "without a user name" : `as '${access.username}'`;
        show({
          check: "broker",
          status: "ok",
          message: `connected to ${broker.url} ${who}`,
          advice: undefined,
        });
        fleetFindings(await examine(operator, VERSION, run.signal)).forEach(show);
        return true;
      },
    ).catch((error) => {
      if (!(error instanceof BusError)) throw error;
      const advice = "start the broker, or name it: --broker, --port, --profile";
      show({ check: "broker", status: "failed", message: error.message, advice });
      return false;
    });
    const hasFailed = findings.some(({ status }) => status === "failed");
    if (run.json) run.printJson({ ok: !hasFailed, findings });
    if (!isReached) return EXIT.broker;
    return hasFailed ? EXIT.failed : EXIT.ok;
  });
}

function print(run: Run, { check, status, message, advice }: Finding): void {
  if (run.json) return;
  const { mark, colour } = MARKS[status];
  run.print(`${paint(run.stdout, colour, mark.padEnd(7))}  ${printable(check)}: ${printable(message)}`);
  if (advice !== undefined) run.print(`         → ${printable(advice)}`);
}
