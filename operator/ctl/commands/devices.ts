/** `agentflow devices`: lists the devices that nodes have for their agents. */
import type { Command } from "commander";
import type { Sensor } from "../../../protocol/devices/sensors.ts";
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

/** A GPIO line that has a name or is in use by an agent. */
interface LineRow {
  readonly node: string;
  readonly line: string;
  readonly name: string;
  readonly agent: string | null;
}

const LINES: readonly Column<LineRow>[] = [
  { title: "NODE", text: ({ node }) => node },
  { title: "LINE", text: ({ line }) => line },
  { title: "NAME", text: ({ name }) => name },
  { title: "AGENT", text: ({ agent }) => agent ?? "" },
];

export function addDevices(program: Command, cli: Cli): void {
  const command = program.command("devices")
    .description("list the sensors and GPIO lines that nodes have for their agents")
    .argument("[NODE...]", "only those of these nodes");
  addLabelSelection(command);
  cli.connected(command, async (run, operator, ...given) => {
    await survey(operator, { signal: run.signal });
    const names = given.filter((name) => name !== undefined);
    for (const name of names) onlineNode(operator.fleet, name);
    const nodes = selectByName(operator.fleet, names, nodeSelection(run.options).labels)
      .toSorted((a, b) => a.name.localeCompare(b.name));
    const sensors = nodes.flatMap(sensorRows);
    const lines = nodes.flatMap(lineRows);
    if (run.json) {
      run.printJson({ sensors, lines });
      return EXIT.ok;
    }
    const view = { colour: run.stdout.colour, width: run.stdout.columns() };
    if (sensors.length > 0) table(SENSORS, sensors, view).forEach(run.print);
    if (lines.length > 0) table(LINES, lines, view).forEach(run.print);
    if (sensors.length + lines.length === 0) {
      run.note("None of the nodes that answered has a sensor or a GPIO line that its kernel names");
    }
    return EXIT.ok;
  });
}

function sensorRows({ name: node, sensors = [] }: NodeView): SensorRow[] {
  return sensors.map((sensor) => ({ node, ...sensor }));
}

function lineRows({ name: node, gpio = [] }: NodeView): LineRow[] {
  return gpio.flatMap(({ chip, names, holders }) => {
    const count = Math.max(names.length, ...Object.keys(holders).map((line) => Number(line) + 1));
    return Array.from({ length: count }, (_, line): LineRow => ({
      node,
      line: `${chip}:${line}`,
      name: names[line] ?? "",
      agent: holders[line] ?? null,
    })).filter(({ name, agent }) => name !== "" || agent !== null);
  });
}
