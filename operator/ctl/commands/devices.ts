/** `agentflow devices`: lists the devices that nodes have for their agents. */
import type { Command } from "commander";
import { problemWords } from "../../../protocol/devices/problem.ts";
import type { Sensor } from "../../../protocol/devices/sensors.ts";
import { type DeviceRow, deviceRows } from "../../fleet/devices.ts";
import type { NodeView } from "../../fleet/views.ts";
import { onlineNode } from "../../operations/find.ts";
import { selectByName } from "../../operations/selection.ts";
import { survey } from "../../operations/survey.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { addLabelSelection, nodeSelection } from "../selection.ts";
import { type Column, table } from "../render/table.ts";

interface SensorRow extends Sensor {
  readonly node: string;
}

const SENSORS: readonly Column<SensorRow>[] = [
  { title: "NODE", text: ({ node }) => node },
  { title: "SENSOR", text: ({ id }) => id },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "UNIT", text: ({ unit }) => unit },
  { title: "OF", text: ({ of }) => of },
  { title: "DRIVER", text: ({ name }) => name },
];

interface HeldRow extends DeviceRow {
  readonly node: string;
}

const DEVICES: readonly Column<HeldRow>[] = [
  { title: "NODE", text: ({ node }) => node },
  { title: "DEVICE", text: ({ device }) => device },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "NAME", text: ({ name }) => name },
  { title: "AGENT", text: ({ agent }) => agent ?? "" },
  { title: "PROBLEM", text: ({ problem, path }) => problem === null ? "" : problemWords(problem, path) },
];

export function addDevices(program: Command, cli: Cli): void {
  const command = program.command("devices")
    .description(
      "list what nodes have for their agents: sensors, GPIO lines, buses, serial ports, PWM, and who holds them",
    )
    .argument("[NODE...]", "only those of these nodes");
  addLabelSelection(command);
  cli.connected(command, async (run, operator, ...given) => {
    await survey(operator, { signal: run.signal });
    const names = given.filter((name) => name !== undefined);
    for (const name of names) onlineNode(operator.fleet, name);
    const nodes = selectByName(operator.fleet, names, nodeSelection(run.options).labels)
      .toSorted((a, b) => a.name.localeCompare(b.name));
    const sensors = nodes.flatMap(sensorRows);
    const devices = nodes.flatMap(({ name: node, devices = {} }) =>
      deviceRows(devices).map((row): HeldRow => ({ node, ...row }))
    );
    if (run.json) {
      const boards = Object.fromEntries(nodes.map(({ name, devices }) => [name, devices?.board ?? ""]));
      run.printJson({ boards, sensors, devices });
      return EXIT.ok;
    }
    const view = { colour: run.stdout.colour, width: run.stdout.columns() };
    if (sensors.length > 0) table(SENSORS, sensors, view).forEach(run.print);
    if (devices.length > 0) table(DEVICES, devices, view).forEach(run.print);
    if (sensors.length + devices.length === 0) {
      run.note("None of the nodes that answered has a sensor or another device for its agents");
    }
    return EXIT.ok;
  });
}

function sensorRows({ name: node, devices = {} }: NodeView): SensorRow[] {
  return (devices.sensors ?? []).map((sensor) => ({ node, ...sensor }));
}
