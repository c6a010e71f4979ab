/** The starter agent that `agentflow new` writes. Pure. */

import type { Language } from "../../../protocol/language.ts";

export interface StarterOptions {
  readonly name: string;
  readonly language: Language;
}

export function starter({ name, language }: StarterOptions): string {
  return language === "python" ? pythonStarter(name) : scriptStarter(name, language);
}

function scriptStarter(name: string, language: "typescript" | "javascript"): string {
  const isTyped = language === "typescript";
  const agent = isTyped ? "agent: Agent" : "agent";
  const returns = isTyped ? ": Promise<void>" : "";
  const jsDoc = isTyped ? "" : `/** @param {import("./types.d.ts").Agent} agent */\n`;
  return `/** ${name}: describe in one sentence what it does. */
${isTyped ? `import type { Agent } from "./types.d.ts";\n` : ""}
/** Called once, before the first process(). If it throws, the agent has failed for good. */
${jsDoc}export async function setup(${agent})${returns} {
  await agent.log(\`started (run \${agent.recall("starts", 0) + 1})\`);
  // Kept across restarts.
  agent.persist("starts", agent.recall("starts", 0) + 1);
}

/** Called every poll_interval seconds. */
${jsDoc}export async function process(${agent})${returns} {
  await agent.publish("${name}/reading", { value: Math.round(Math.random() * 100), node: agent.node });
}

/** Called for each task: agentflow call ${name} '{"ping": 1}'. The return value is the reply. */
${jsDoc}export function handle_task(${agent}, payload${isTyped ? ": unknown" : ""})${
    isTyped ? ": unknown" : ""
  } {
  return { echo: payload, from: agent.name };
}
`;
}

function pythonStarter(name: string): string {
  return `"""${name}: describe in one sentence what it does."""
import random


async def setup(agent):
    """Called once, before the first process(). If it raises, the agent has failed for good."""
    starts = agent.recall("starts", 0) + 1
    await agent.log(f"started (run {starts})")
    # Kept across restarts.
    agent.persist("starts", starts)


async def process(agent):
    """Called every poll_interval seconds."""
    await agent.publish("${name}/reading", {"value": random.randint(0, 100), "node": agent.node})


def handle_task(agent, payload):
    """Called for each task: agentflow call ${name} '{"ping": 1}'. The return value is the reply."""
    return {"echo": payload, "from": agent.name}
`;
}
