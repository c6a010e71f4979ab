/** `agentflow acl`: prints mosquitto access rules for nodes, agents and operators. */
import type { Command } from "commander";
import { dataFilterError } from "../../../protocol/broker/access_rules.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { aclFile, type AclRequest } from "../../acl_rules.ts";
import { prefixError } from "../../../protocol/home_assistant.ts";
import { filtersOverlap } from "../../../protocol/topics.ts";
import { isName, NAME_RULE } from "../../../protocol/names.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, type Options, text } from "../options.ts";

export function addAcl(program: Command, cli: Cli): void {
  const command = program.command("acl")
    .description("print an acl_file for mosquitto: what nodes, operators and agents may publish and read")
    .option("--node <NAME>", "a node; its user at the broker has the same name (repeatable)", collect)
    .option("--operator <USER>", "a user that commands the nodes (repeatable; default: operator)", collect)
    .option(
      "--agents <USER>",
      "a user for other programs, limited to data (repeatable; default: agents)",
      collect,
    )
    .option(
      "--home-assistant <USER>",
      "the user of Home Assistant; lets nodes announce themselves to it (repeatable; default: none)",
      collect,
    )
    .option("--prefix <PREFIX>", "discovery prefix of Home Assistant (default: homeassistant)")
    .option("--data <FILTER>", "topics of the data (repeatable; default: sensors/#)", collect)
    .option("--migrate", "let agents move between the nodes: each node may then command the others");
  cli.local(command, (run) => {
    const acl = aclFile(checked(readRequest(run.options)));
    if (run.json) run.printJson({ acl });
    else run.print(acl.trimEnd());
    return Promise.resolve(EXIT.ok);
  });
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function readRequest(options: Options): AclRequest {
  const list = (name: string, fallback: readonly string[]) => {
    const given = options[name];
    return [...new Set(Array.isArray(given) ? given.map(String) : fallback)];
  };
  return {
    nodes: list("node", []),
    operators: list("operator", ["operator"]),
    agents: list("agents", ["agents"]),
    homeAssistant: list("homeAssistant", []),
    prefix: text(options, "prefix") ?? "homeassistant",
    data: list("data", ["sensors/#"]),
    migrate: isSet(options, "migrate"),
  };
}

/** @throws ConfigError */
function checked(request: AclRequest): AclRequest {
  const { nodes, operators, agents, homeAssistant, prefix, data } = request;
  if (nodes.length === 0) throw new ConfigError("--node is missing: see --help");
  for (const node of nodes) {
    if (!isName(node)) throw new ConfigError(`--node must be ${NAME_RULE}: current value is '${node}'`);
  }
  for (const user of [...operators, ...agents, ...homeAssistant]) {
    if (!/^[^\s\p{Cc}#][^\p{Cc}]*$/u.test(user)) {
      throw new ConfigError(`${JSON.stringify(user)} cannot be a user name in mosquitto`);
    }
  }
  const users = [...nodes, ...operators, ...agents, ...homeAssistant];
  const twice = users.find((user, index) => users.indexOf(user) !== index);
  // mosquitto would grant the user the rights of both roles.
  if (twice !== undefined) {
    throw new ConfigError(`the user '${twice}' cannot be two of node, operator, agents and home-assistant`);
  }
  const problem = prefixError(prefix);
  if (problem !== undefined) throw new ConfigError(`--prefix ${problem}: current value is '${prefix}'`);
  for (const filter of data) {
    checkData(filter, nodes);
    if (homeAssistant.length > 0 && filtersOverlap(filter, `${prefix}/#`)) {
      throw new ConfigError(`--data '${filter}' holds what nodes announce to Home Assistant`);
    }
  }
  return request;
}

function checkData(filter: string, nodes: readonly string[]): void {
  const problem = dataFilterError(filter, nodes);
  if (problem === undefined) return;
  throw new ConfigError(`--data '${filter}'${problem.startsWith("holds") ? "" : ":"} ${problem}`);
}
