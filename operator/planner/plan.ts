/** The built-in planner's reading of a sentence. */

/** What a sentence asks for. */
export type Plan =
  | SinglePlan
  /** Run in order; stop at the first plan that fails or is declined. */
  | { readonly kind: "several"; readonly plans: readonly SinglePlan[] };

/** One action or question, with everything that it needs. */
export type SinglePlan =
  | {
    readonly kind: "spawn";
    readonly node: string;
    readonly agent: string;
    readonly template: string;
    /** The parameters that the sentence sets; all others have the template's defaults. */
    readonly parameters: Readonly<Record<string, string | number | boolean | null>>;
    /** Seconds, if the sentence says so. */
    readonly pollInterval?: number;
  }
  | {
    readonly kind: "deploy_node";
    readonly node: string;
    /** USER@HOST */
    readonly address: string;
    readonly broker: string;
    readonly sshPort?: number;
  }
  | { readonly kind: "stop"; readonly agent: string; readonly node?: string }
  | { readonly kind: "move"; readonly agent: string; readonly to: string; readonly from?: string }
  /** @param node only this node @param state only nodes in this state */
  | { readonly kind: "list_nodes"; readonly node?: string; readonly state?: "offline" }
  /** @param agent the agent asked for, on any node */
  | { readonly kind: "list_agents"; readonly node?: string; readonly agent?: string }
  /** @param agent an agent or a node; all when left out */
  | { readonly kind: "logs" | "errors"; readonly agent?: string }
  | { readonly kind: "help" };

export type Understanding =
  | { readonly kind: "plan"; readonly plan: Plan }
  /** @param reason for the operator: what is missing, or which word is unknown */
  | { readonly kind: "not_understood"; readonly reason: string };

export const planned = (plan: Plan): Understanding => ({ kind: "plan", plan });
export const notUnderstood = (reason: string): Understanding => ({ kind: "not_understood", reason });

/** Examples of what can be said, shown when a sentence was not understood. */
export const FORMS: readonly string[] = [
  "deploy a temperature sensor agent to NODE",
  "deploy a simulated humidity sensor agent to NODE",
  "spawn an agent on NODE that reads the door sensor every 30 seconds",
  "spawn a cpu agent on NODE every minute as NAME, publishing to my/topic",
  "deploy an alert on NODE for sensors/temperature above 30",
  "spawn an http agent on NODE that polls https://HOST/PATH every 5 minutes",
  "deploy node NAME to USER@HOST with broker HOST",
  "move AGENT to NODE",
  "alert me on NODE when sensors/temperature goes above 28 degrees",
  "stop AGENT · stop AGENT and counter-2",
  "list nodes · which nodes are offline · is NODE online",
  "list agents · what is running on NODE · where is AGENT · is AGENT running",
  "show the logs of AGENT · show the errors of AGENT · why is AGENT not working · show all errors",
];

/** Describes the plan, to show it before it is carried out. */
export function inWords(plan: Plan): string {
  switch (plan.kind) {
    case "spawn": {
      const every = plan.pollInterval === undefined ? "" : `, every ${plan.pollInterval} s`;
      const set = Object.entries(plan.parameters).map(([name, value]) =>
        `${name} = ${JSON.stringify(value)}`
      );
      const values = set.length === 0 ? "" : `, with ${set.join(", ")}`;
      return `Spawn agent '${plan.agent}' from template '${plan.template}' on node '${plan.node}'${every}${values}`;
    }
    case "deploy_node":
      return `Deploy node '${plan.node}' to ${plan.address}, which reports to the broker ${plan.broker}` +
        (plan.sshPort === undefined ? "" : ` (ssh port ${plan.sshPort})`);
    case "stop":
      return `Stop agent '${plan.agent}'` + (plan.node === undefined ? "" : ` on node '${plan.node}'`);
    case "move":
      return `Move agent '${plan.agent}' to node '${plan.to}'`;
    case "list_nodes":
      if (plan.node !== undefined) return `Look at node '${plan.node}'`;
      return plan.state === undefined ? "List the nodes" : `List the nodes that are ${plan.state}`;
    case "list_agents":
      if (plan.agent !== undefined) {
        return `Look for agent '${plan.agent}'` + (plan.node === undefined ? "" : ` on node '${plan.node}'`);
      }
      return plan.node === undefined ? "List the agents" : `List the agents on node '${plan.node}'`;
    case "logs":
      return `Show the last lines of the log of ${whose(plan)}`;
    case "errors":
      return `Show the last errors of ${whose(plan)}`;
    case "help":
      return "Say what can be said";
    case "several":
      return plan.plans.map(inWords).join("; then: ");
    default:
      return plan satisfies never;
  }
}

function whose({ agent }: { readonly agent?: string }): string {
  return agent === undefined ? "all nodes and agents" : `'${agent}'`;
}
