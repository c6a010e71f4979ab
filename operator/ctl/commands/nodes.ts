/** `agentflow nodes`: lists the nodes, their state and their agents, and forgets those that are gone. */
import type { Command } from "commander";
import { selects } from "../../fleet/selector.ts";
import { type NodeView, stateOf } from "../../fleet/views.ts";
import { forgetNode } from "../../operations/forget.ts";
import { survey, watchFleet } from "../../operations/survey.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, milliseconds } from "../options.ts";
import { addNodeSelection, nodeSelection } from "../selection.ts";
import { LiveView } from "../render/live.ts";
import { type Column, table } from "../render/table.ts";
import { duration, megabytes, percent, UNKNOWN } from "../render/units.ts";
import { aborted } from "../../../protocol/abort.ts";

const COLOUR_OF_STATE = { online: "green", stale: "yellow", offline: "red" } as const;

export function addNodes(program: Command, cli: Cli): void {
  const command = program.command("nodes")
    .description("list the nodes: online or not, agents, load, version, labels")
    .option("-w, --watch", "keep the table up to date, until Ctrl-C; with --json a line for each change")
    .option("--listen <SECONDS>", "also wait this long for nodes that only send heartbeats");
  addNodeSelection(command);
  addForget(command, cli);
  cli.connected(command, async (run, operator) => {
    const listenMs = milliseconds(run.options, "listen") ?? 0;
    const { fleet } = operator;
    const { node, labels: selector } = nodeSelection(run.options);
    const shown = () =>
      fleet.nodes.filter(({ name, labels }) =>
        (node === undefined || name === node) && (selector === undefined || selects(selector, labels))
      );
    if (isSet(run.options, "watch")) {
      if (!run.json && !run.stdout.isTerminal) {
        throw new ConfigError(
          "--watch needs a terminal or --json: a file cannot show a changing table",
        );
      }
      using view = new LiveView(run.stdout);
      const show = () => view.show(nodeLines(sorted(shown()), run, view.width));
      const draw = run.json ? () => {} : show;
      using _watch = await watchFleet(operator, (change) => {
        if (run.json && change.kind === "node") run.printJson(asJson(change.node, Date.now()));
        else draw();
      });
      await survey(operator, { listenMs, signal: run.signal });
      draw();
      await ticking(draw, run.signal);
      return EXIT.ok;
    }
    await survey(operator, { listenMs, signal: run.signal });
    const nodes = sorted(shown());
    if (run.json) run.printJson(nodes.map((node) => asJson(node, Date.now())));
    else if (nodes.length === 0) run.note("No node has been heard of at this broker");
    else nodeLines(nodes, run, run.stdout.columns()).forEach(run.print);
    return EXIT.ok;
  });
}

function addForget(nodes: Command, cli: Cli): void {
  const command = nodes.command("forget")
    .description(
      "remove what the broker keeps of a node that will not come back: status, commands, manifests, its entry in Home Assistant",
    )
    .argument("<NODE>", "its name");
  cli.connected(command, async (run, operator, name = "") => {
    await survey(operator, { signal: run.signal });
    const agents = await forgetNode(operator, name);
    if (run.json) run.printJson({ ok: true, node: name, agents });
    else run.print(`Node '${name}' is forgotten${agents.length === 0 ? "" : `, and ${agents.join(", ")}`}`);
    return EXIT.ok;
  });
}

/** Redraws every second, because the ages in the table change without any message. */
async function ticking(draw: () => void, signal: AbortSignal): Promise<void> {
  const timer = setInterval(draw, 1000);
  await aborted(signal);
  clearInterval(timer);
}

function sorted(nodes: readonly NodeView[]): NodeView[] {
  return [...nodes].sort((a, b) => a.name.localeCompare(b.name));
}

function nodeLines(nodes: readonly NodeView[], run: Run, width: number): string[] {
  const nowMs = Date.now();
  const columns: Column<NodeView>[] = [
    { title: "NODE", text: ({ name }) => name },
    {
      title: "STATE",
      text: (node) => stateOf(node, nowMs),
      colour: (node) => COLOUR_OF_STATE[stateOf(node, nowMs)],
    },
    { title: "AGENTS", text: ({ agents }) => String(agents.length), align: "right" },
    { title: "CPU", text: ({ cpu }) => percent(cpu), align: "right" },
    { title: "MEMORY", text: ({ memoryMb }) => megabytes(memoryMb), align: "right" },
    { title: "SEEN", text: ({ lastSeenMs }) => ago(lastSeenMs, nowMs), align: "right" },
    { title: "UP", text: ({ uptime }) => duration(uptime), align: "right" },
    { title: "VERSION", text: ({ version }) => version ?? UNKNOWN },
    ...(nodes.every(({ connectedTo }) => connectedTo === undefined) ? [] : [{
      title: "BROKER",
      text: ({ connectedTo }: NodeView) => connectedTo ?? UNKNOWN,
    }]),
    { title: "LABELS", text: ({ labels }) => labelText(labels) },
  ];
  return table(columns, nodes, { colour: run.stdout.colour, width });
}

function ago(lastSeenMs: number | undefined, nowMs: number): string {
  return lastSeenMs === undefined ? UNKNOWN : duration((nowMs - lastSeenMs) / 1000);
}

function labelText(labels: NodeView["labels"]): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(",");
}

function asJson(node: NodeView, nowMs: number): Readonly<Record<string, unknown>> {
  const { name, agents, instance, runtime, version, uptime, cpu, memoryMb, lastSeenMs, labels } = node;
  return {
    node: name,
    state: stateOf(node, nowMs),
    agents,
    instance,
    runtime,
    version,
    uptime,
    cpu,
    memory_mb: memoryMb,
    queue: node.queue,
    dropped: node.dropped,
    release: node.release,
    ...(node.connectedTo === undefined ? {} : { connected_to: node.connectedTo }),
    last_seen: lastSeenMs === undefined ? null : lastSeenMs / 1000,
    labels,
  };
}
