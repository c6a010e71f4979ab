/** Mosquitto access rules for nodes, agents and operators, as the text of an `acl_file`. Pure. */
import { type BrokerUser, type RuleGroup, rulesOf } from "../protocol/broker/access_rules.ts";

/** The users that the broker should know. */
export interface AclRequest {
  /** Each node's user name is the node's name. */
  readonly nodes: readonly string[];
  /** Users that command the nodes. */
  readonly operators: readonly string[];
  /** Users for agents' own connections, and for other programs that only read and write data. */
  readonly agents: readonly string[];
  /** Users for Home Assistant; if there are any, nodes may announce themselves to it. */
  readonly homeAssistant: readonly string[];
  /** The discovery prefix of Home Assistant. */
  readonly prefix: string;
  /** Topic filters for what agents measure and listen to. */
  readonly data: readonly string[];
  /** Whether agents move between nodes: nodes then command each other. */
  readonly migrate: boolean;
}

/** The text of the file. */
export function aclFile(
  { nodes, operators, agents, homeAssistant, prefix, data, migrate }: AclRequest,
): string {
  const users: BrokerUser[] = [
    ...nodes.map((name) => ({ name, role: "node" as const, migrate })),
    ...operators.map((name) => ({ name, role: "operator" as const, migrate: false })),
    ...agents.map((name) => ({ name, role: "agents" as const, migrate: false })),
    ...homeAssistant.map((name) => ({ name, role: "home-assistant" as const, migrate: false })),
  ];
  return users.map((user) =>
    `${blockOf(user, rulesOf(user, data, homeAssistant.length === 0 ? undefined : prefix)).join("\n")}\n`
  ).join("\n");
}

function blockOf({ name, role }: BrokerUser, groups: readonly RuleGroup[]): string[] {
  const user = `user ${name}`;
  if (role === "node") {
    return [
      "# A node: its user name is its node's name. One such block for each node.",
      user,
      ...groups.flatMap(({ reason, rules }) => [`# ${reason}`, ...rules.map(lineOf)]),
    ];
  }
  return groups.flatMap(({ reason, rules }) => [`# ${reason}`, user, ...rules.map(lineOf)]);
}

function lineOf({ access, filter }: RuleGroup["rules"][number]): string {
  return `topic ${access} ${filter}`;
}
