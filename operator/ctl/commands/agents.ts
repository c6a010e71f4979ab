/** `agentflow agents`: lists the running agents and their state. */
import type { Command } from "commander";
import { type Instance, instances } from "../../operations/find.ts";
import { isLimited, selectNodes } from "../../operations/selection.ts";
import { survey } from "../../operations/survey.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { addNodeSelection, nodeSelection } from "../selection.ts";
import { type Column, table } from "../render/table.ts";
import { duration, megabytes, percent, UNKNOWN } from "../render/units.ts";
import type { Colour } from "../terminal.ts";

const COLUMNS: readonly Column<Instance>[] = [
  { title: "AGENT", text: ({ agent }) => agent.name },
  { title: "NODE", text: ({ agent }) => agent.node ?? UNKNOWN },
  { title: "STATE", text: stateText, colour: (instance) => colourOf(instance) },
  { title: "CPU", text: ({ agent }) => percent(agent.cpu), align: "right" },
  { title: "MEMORY", text: ({ agent }) => megabytes(agent.memoryMb), align: "right" },
  { title: "UP", text: ({ agent }) => duration(agent.uptime), align: "right" },
  { title: "RESTARTS", text: ({ agent }) => String(agent.restarts), align: "right" },
  { title: "DESCRIPTION", text: ({ agent }) => String(agent.manifest?.description ?? "") },
];

export function addAgents(program: Command, cli: Cli): void {
  const command = program.command("agents")
    .description("list the agents, also those of nodes that are off; of a name on two nodes, both");
  addNodeSelection(command);
  cli.connected(command, async (run, operator) => {
    await survey(operator, { signal: run.signal });
    const selection = nodeSelection(run.options);
    const nodes = selectNodes(operator.fleet, selection).map(({ name }) => name);
    const agents = instances(operator.fleet)
      .filter(({ agent }) => !isLimited(selection) || nodes.includes(agent.node ?? ""));
    const view = { colour: run.stdout.colour, width: run.stdout.columns() };
    if (run.json) run.printJson(agents.map(asJson));
    else if (agents.length === 0) run.note("No agent runs there");
    else table(COLUMNS, agents, view).forEach(run.print);
    return EXIT.ok;
  });
}

function asJson({ agent, state, alsoOn }: Instance): Readonly<Record<string, unknown>> {
  const { name, actorId, node, cpu, memoryMb, uptime, restarts, manifest } = agent;
  return {
    agent: name,
    actor_id: actorId,
    node,
    state,
    cpu,
    memory_mb: memoryMb,
    uptime,
    restarts,
    description: manifest?.description,
    publishes: manifest?.publishes,
    ...(alsoOn.length === 0 ? {} : { also_on: alsoOn }),
  };
}

/** Shows duplicate names as a conflict: agents that share a name all answer its tasks. */
function stateText({ state, alsoOn }: Instance): string {
  return alsoOn.length === 0 || state === "off" ? state : `${state}, conflict`;
}

function colourOf({ state, alsoOn }: Instance): Colour | undefined {
  if (state === "off") return "grey";
  if (alsoOn.length > 0) return "red";
  if (state === "running") return "green";
  return state === "failed" || state === "unresponsive" ? "red" : "yellow";
}
