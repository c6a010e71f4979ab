/** `agentflow devices`: lists the devices that nodes have for their agents. */
import type { Command } from "commander";
import type { Sensor } from "../../../protocol/devices/sensors.ts";
import { onlineNode } from "../../operations/find.ts";
import { survey } from "../../operations/survey.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { type Column, table } from "../render/table.ts";

interface Row extends Sensor {
  readonly node: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NODE", text: ({ node }) => node },
  { title: "SENSOR", text: ({ id }) => id },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "UNIT", text: ({ unit }) => unit },
  { title: "OF", text: ({ of }) => of },
  { title: "DRIVER", text: ({ name }) => name },
];

export function addDevices(program: Command, cli: Cli): void {
  const command = program.command("devices")
    .description("list the sensors that nodes have for their agents")
    .argument("[NODE]", "only those of this node");
  cli.connected(command, async (run, operator, name) => {
    await survey(operator, { signal: run.signal });
    const nodes = name === undefined ? operator.fleet.nodes : [onlineNode(operator.fleet, name)];
    const rows = nodes.filter(({ isOnline }) => isOnline)
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .flatMap(({ name: node, sensors = [] }) => sensors.map((sensor): Row => ({ node, ...sensor })));
    if (run.json) run.printJson(rows);
    else if (rows.length === 0) {
      run.note("None of the nodes that answered has a sensor that its kernel knows");
    } else {table(COLUMNS, rows, { colour: run.stdout.colour, width: run.stdout.columns() }).forEach(
        run.print,
      );}
    return EXIT.ok;
  });
}
