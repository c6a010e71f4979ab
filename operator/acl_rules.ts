/** Mosquitto access rules for nodes, agents and operators, as the text of an `acl_file`. Pure. */

/** The users that the broker should know. */
export interface AclRequest {
  /** Each node's user name is the node's name. */
  readonly nodes: readonly string[];
  /** Users that command the nodes. */
  readonly operators: readonly string[];
  /** Users for agents' own connections, and for other programs that only read and write data. */
  readonly agents: readonly string[];
  /** Topic filters for what agents measure and listen to. */
  readonly data: readonly string[];
  /** Whether agents move between nodes: nodes then command each other. */
  readonly migrate: boolean;
}

/** The text of the file. */
export function aclFile({ nodes, operators, agents, data, migrate }: AclRequest): string {
  const dataTopics = data.map((filter) => `topic readwrite ${filter}`);
  const blocks = [
    ...nodes.map((node) => nodeBlock(node, dataTopics, migrate)),
    ...operators.map(operatorBlock),
    ...agents.map((user) => [
      "# A program of your own, an agent's own connection among them: data, no commands.",
      `user ${user}`,
      ...dataTopics,
    ]),
  ];
  return blocks.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function nodeBlock(node: string, dataTopics: readonly string[], migrate: boolean): string[] {
  return [
    "# A node: its user name is its node's name. One such block for each node.",
    `user ${node}`,
    "# Its commands, and what it says of itself.",
    `topic readwrite nodes/${node}/#`,
    "# Its agents: reports, tasks and buttons.",
    "topic readwrite agents/#",
    `topic write ${node}/+/detections`,
    "# Answers to those who have asked.",
    "topic write nodes/+/reply/+",
    "topic write main/reply/#",
    "# What its agents measure and listen to.",
    ...dataTopics,
    ...(migrate ? MIGRATE : []),
  ];
}

const MIGRATE = [
  "# Only where agents move between nodes: with these a node commands other nodes.",
  "topic write nodes/+/spawn",
  "topic write nodes/+/stop",
  "topic write nodes/+/list",
  "topic write nodes/+/migration",
  "topic read nodes/+/status",
  "topic read nodes/+/agents",
];

function operatorBlock(user: string): string[] {
  return [
    "# The main machine: commands every node, hears everything.",
    `user ${user}`,
    "topic readwrite nodes/#",
    "topic readwrite agents/#",
    "topic readwrite main/#",
    "topic read #",
  ];
}
