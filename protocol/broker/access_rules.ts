/**
 * What nodes, operators and other programs may publish and read at the broker: one table, printed for mosquitto and enforced
 * by the embedded broker. Pure.
 */
import { BIRTH_TOPIC, discoveryTopic } from "../home_assistant.ts";
import { nodeId } from "../ids.ts";
import { filterCovers, filterError, filterMatches, filtersOverlap, topics } from "../topics.ts";

export const ROLES = ["node", "operator", "agents", "home-assistant"] as const;

/**
 * `node`: named like its node. `operator`: commands nodes. `agents`: other programs, and agents' own connections.
 * `home-assistant`: shows what nodes announce, and turns switches.
 */
export type Role = typeof ROLES[number];

export interface BrokerUser {
  readonly name: string;
  readonly role: Role;
  /** For a node: whether agents move between nodes, which then command each other. */
  readonly migrate: boolean;
}

export interface Rule {
  readonly access: "read" | "write" | "readwrite";
  readonly filter: string;
}

/** Rules, and the reason for them. */
export interface RuleGroup {
  readonly reason: string;
  readonly rules: readonly Rule[];
}

const rule = (access: Rule["access"]) => (filter: string): Rule => ({ access, filter });
const [read, write, readwrite] = [rule("read"), rule("write"), rule("readwrite")];

const MIGRATION: RuleGroup = {
  reason: "Only where agents move between nodes: with these a node commands other nodes.",
  rules: [
    ...["nodes/+/spawn", "nodes/+/stop", "nodes/+/list", "nodes/+/migration"].map(write),
    ...["nodes/+/status", "nodes/+/agents"].map(read),
  ],
};

/** A node's own entry in Home Assistant, and when that starts. */
function announcing(node: string, prefix: string): RuleGroup {
  const births = new Set([BIRTH_TOPIC, `${prefix}/status`]);
  return {
    reason: "What it announces to Home Assistant, and when that has started.",
    rules: [readwrite(discoveryTopic(prefix, nodeId(node))), ...[...births].map(read)],
  };
}

/**
 * @param data filters of what agents measure and listen to
 * @param prefix the discovery prefix, where Home Assistant has a user; else nobody may write below it
 */
export function rulesOf(
  { name, role, migrate }: BrokerUser,
  data: readonly string[],
  prefix?: string,
): readonly RuleGroup[] {
  const own = data.map(readwrite);
  switch (role) {
    case "node":
      return [
        { reason: "Its commands, and what it says of itself.", rules: [readwrite(`nodes/${name}/#`)] },
        { reason: "The question to all nodes.", rules: [read(topics.rollCall)] },
        {
          reason: "Its agents: reports, tasks and buttons.",
          rules: [readwrite("agents/#"), write(topics.detections(name, "+"))],
        },
        { reason: "Answers to those who have asked.", rules: ["nodes/+/reply/+", "main/reply/#"].map(write) },
        { reason: "What its agents measure and listen to.", rules: own },
        ...(prefix === undefined ? [] : [announcing(name, prefix)]),
        ...(migrate ? [MIGRATION] : []),
      ];
    case "operator":
      return [{
        reason: "The main machine: commands every node, hears everything.",
        rules: [
          ...["nodes/#", "agents/#", "main/#"].map(readwrite),
          read("#"),
          // To forget a node.
          ...(prefix === undefined ? [] : [write(`${prefix}/device/+/config`)]),
        ],
      }];
    case "agents":
      return [{
        reason: "A program of your own, an agent's own connection among them: data, no commands.",
        rules: own,
      }];
    case "home-assistant": {
      const births = new Set([BIRTH_TOPIC, `${prefix ?? "homeassistant"}/status`]);
      return [{
        reason: "Home Assistant: shows what nodes announce, and turns the switches of agents.",
        rules: [
          ...["nodes/+/status", "agents/#", `${prefix ?? "homeassistant"}/#`].map(read),
          ...[topics.task("+"), ...births].map(write),
          ...own,
        ],
      }];
    }
    default:
      return role satisfies never;
  }
}

/** Whether a message may be published to `topic`. */
export function mayPublish(groups: readonly RuleGroup[], topic: string): boolean {
  return allows(groups, "read", ({ filter }) => filterMatches(filter, topic));
}

/** Whether everything that `filter` matches may be read. */
export function maySubscribe(groups: readonly RuleGroup[], filter: string): boolean {
  return allows(groups, "write", (rule) => filterCovers(rule.filter, filter));
}

function allows(groups: readonly RuleGroup[], not: Rule["access"], fits: (rule: Rule) => boolean): boolean {
  return groups.some(({ rules }) => rules.some((rule) => rule.access !== not && fits(rule)));
}

/**
 * Why a filter cannot be a data filter: its publishers could command nodes, answer in their place, or forge
 * their agents' detections. `undefined` when it can.
 */
export function dataFilterError(filter: string, nodes: readonly string[]): string | undefined {
  const problem = filterError(filter);
  if (problem !== undefined) return problem;
  if (["#", "+", "nodes", "agents", "main"].includes(filter.split("/")[0] ?? "")) {
    return "holds topics that command nodes: a filter must not begin with #, +, nodes, agents or main";
  }
  const node = nodes.find((node) => filtersOverlap(filter, topics.detections(node, "+")));
  if (node === undefined) return undefined;
  return `holds the detections of node '${node}', which only that node may publish`;
}
