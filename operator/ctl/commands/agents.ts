/** `agentflow agents`: lists the running agents and their state. */
import type { Command } from "commander";
import type { AgentView } from "../../fleet/views.ts";
import { liveAgents, nodeNamed } from "../../operations/find.ts";
import { survey } from "../../operations/survey.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { text } from "../options.ts";
import { type Column, table } from "../render/table.ts";
import { duration, megabytes, percent, UNKNOWN } from "../render/units.ts";
import type { Colour } from "../terminal.ts";

const COLUMNS: readonly Column<AgentView>[] = [
  { title: "AGENT", text: ({ name }) => name },
  { title: "NODE", text: ({ node }) => node ?? UNKNOWN },
  { title: "STATE", text: ({ state }) => state, colour: ({ state }) => colourOf(state) },
  { title: "CPU", text: ({ cpu }) => percent(cpu), align: "right" },
  { title: "MEMORY", text: ({ memoryMb }) => megabytes(memoryMb), align: "right" },
  { title: "UP", text: ({ uptime }) => duration(uptime), align: "right" },
  { title: "RESTARTS", text: ({ restarts }) => String(restarts), align: "right" },
  { title: "DESCRIPTION", text: ({ manifest }) => String(manifest?.description ?? "") },
];

export function addAgents(program: Command, cli: Cli): void {
  const command = program.command("agents")
    .description("list the running agents, on all nodes or on one")
    .option("--node <NODE>", "only agents on this node");
  cli.connected(command, async (run, operator) => {
    await survey(operator, { signal: run.signal });
    const node = text(run.options, "node");
    if (node !== undefined) nodeNamed(operator.fleet, node);
    const agents = liveAgents(operator.fleet)
      .filter((agent) => node === undefined || agent.node === node)
      .sort((a, b) => a.name.localeCompare(b.name));
    const view = { colour: run.stdout.colour, width: run.stdout.columns() };
    if (run.json) run.printJson(agents.map(asJson));
    else if (agents.length === 0) run.note("No agent runs there");
    else table(COLUMNS, agents, view).forEach(run.print);
    return EXIT.ok;
  });
}

function asJson(agent: AgentView): Readonly<Record<string, unknown>> {
  const { name, actorId, node, state, cpu, memoryMb, uptime, restarts, manifest } = agent;
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
  };
}

function colourOf(state: string): Colour | undefined {
  if (state === "running") return "green";
  return state === "failed" || state === "unresponsive" ? "red" : "yellow";
}
