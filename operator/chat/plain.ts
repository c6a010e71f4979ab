/** Turns a plan from the built-in planner into a tool call. Pure. */
import type { SinglePlan } from "../planner/plan.ts";

export interface PlannedCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** @returns `undefined` for a plan that needs no tool */
export function callOf(plan: SinglePlan): PlannedCall | undefined {
  switch (plan.kind) {
    case "spawn": {
      const { agent, node, template, parameters, pollInterval } = plan;
      const interval = pollInterval === undefined ? {} : { poll_interval: pollInterval };
      return { tool: "spawn_agent", input: { name: agent, node, template, parameters, ...interval } };
    }
    case "deploy_node": {
      const { node, address, broker, sshPort } = plan;
      const port = sshPort === undefined ? {} : { ssh_port: sshPort };
      return { tool: "deploy_node", input: { node, address, broker, ...port } };
    }
    case "stop":
      return { tool: "stop_agent", input: { name: plan.agent, ...on(plan.node) } };
    case "move":
      return { tool: "migrate_agent", input: { name: plan.agent, target_node: plan.to, ...on(plan.from) } };
    case "list_nodes":
      return { tool: "list_nodes", input: { ...on(plan.node), ...only("state", plan.state) } };
    case "list_agents":
      return { tool: "list_agents", input: { ...on(plan.node), ...only("agent", plan.agent) } };
    case "logs":
      return { tool: "read_logs", input: only("target", plan.agent) };
    case "errors":
      return { tool: "read_errors", input: only("target", plan.agent) };
    case "help":
      return undefined;
    default:
      return plan satisfies never;
  }
}

function on(node: string | undefined): Readonly<Record<string, string>> {
  return only("node", node);
}

function only(field: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [field]: value };
}
