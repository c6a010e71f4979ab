/** The agent that `agentflow new` writes. Pure. */

export interface StarterOptions {
  readonly name: string;
  readonly language: "typescript" | "javascript";
}

/** The file's text. */
export function starter({ name, language }: StarterOptions): string {
  const isTyped = language === "typescript";
  const agent = isTyped ? "agent: Agent" : "agent";
  const returns = isTyped ? ": Promise<void>" : "";
  const jsDoc = isTyped ? "" : `/** @param {import("./types.d.ts").Agent} agent */\n`;
  return `/** ${name}: says here in one sentence what it does. */
${isTyped ? `import type { Agent } from "./types.d.ts";\n` : ""}
/** Called once, before the first process(). If it throws, the agent has failed for good. */
${jsDoc}export async function setup(${agent})${returns} {
  await agent.log(\`started, for the \${agent.recall("starts", 0) + 1}. time\`);
  // Kept across restarts.
  agent.persist("starts", agent.recall("starts", 0) + 1);
}

/** Called every poll_interval seconds. */
${jsDoc}export async function process(${agent})${returns} {
  await agent.publish("${name}/reading", { value: Math.round(Math.random() * 100), node: agent.node });
}

/** Called for each task: agentflow call ${name} '{"ping": 1}'. What it returns is the reply. */
${jsDoc}export function handle_task(${agent}, payload${isTyped ? ": unknown" : ""})${
    isTyped ? ": unknown" : ""
  } {
  return { echo: payload, from: agent.name };
}
`;
}
