/** Tools for one running agent: shows its code and config, and presses its buttons. */
import { z } from "zod";
import type { AgentCommand } from "../../protocol/commands.ts";
import { locate } from "../operations/find.ts";
import { inspectOn } from "../operations/inspect.ts";
import { pressAt } from "../operations/stop.ts";
import { survey } from "../operations/survey.ts";
import { defineTool, done, type Tool } from "./tool.ts";

const name = z.string().describe("Name of the agent");
const node = z.string().optional().describe(
  "The node that runs it; needed where several nodes have one of this name",
);

const getAgent = defineTool({
  name: "get_agent",
  title: "Show an agent",
  description:
    "The code of a running agent, its whole config, its state and its epoch; with persisted, also what it has persisted.",
  effect: "look",
  input: { name, node, persisted: z.boolean().default(false) },
  async run({ name, node: expected, persisted: withPersisted }, { operator }, { signal }) {
    await survey(operator, { signal });
    const place = locate(operator.fleet, name, expected);
    const { state, config, persisted, persistedBytes } = await inspectOn(operator, place.node, name);
    const { code, ...rest } = config;
    return done({
      agent: name,
      node: place.node,
      state,
      epoch: place.agent.epoch,
      config: rest,
      code,
      persisted_bytes: persistedBytes,
      ...(withPersisted ? { persisted } : {}),
    });
  },
});

interface Button {
  readonly title: string;
  readonly description: string;
  /** What a restart ends is a process. */
  readonly effect: Tool["effect"];
  readonly state: string;
}

const BUTTONS: Readonly<Record<Exclude<AgentCommand, "stop" | "delete">, Button>> = {
  restart: {
    title: "Restart an agent",
    description:
      "Starts a running agent again in a new process, and resets its restart budget; its persisted state stays.",
    effect: "end",
    state: "restarted",
  },
  pause: {
    title: "Pause an agent",
    description:
      "Pauses an agent: its process() is not called until it is resumed, also after a restart of its node.",
    effect: "change",
    state: "paused",
  },
  resume: {
    title: "Resume an agent",
    description: "Resumes a paused agent: its process() is called again.",
    effect: "change",
    state: "running",
  },
};

function buttonTool(command: keyof typeof BUTTONS): Tool {
  const { state, ...about } = BUTTONS[command];
  return defineTool({
    ...about,
    name: `${command}_agent`,
    input: { name, node },
    async run({ name, node: expected }, { operator }, { signal }) {
      await survey(operator, { signal });
      const place = locate(operator.fleet, name, expected);
      await pressAt(operator, place, command, { signal });
      return done({ agent: name, node: place.node, state });
    },
  });
}

export const AGENT_TOOLS: readonly Tool[] = [
  getAgent,
  ...(Object.keys(BUTTONS) as (keyof typeof BUTTONS)[]).map(buttonTool),
];
