/** `deno task acl`: prints the access rules of a mosquitto for nodes, agents and operators. */
import { parseArgs } from "@std/cli/parse-args";
import { isName, NAME_RULE } from "../protocol/names.ts";
import { filterError } from "../protocol/topics.ts";
import { aclFile, type AclRequest } from "./acl/rules.ts";

const HELP = `Prints an acl_file for mosquitto: what nodes, operators and agents may say and hear.

Usage: deno task acl --node NAME [--node NAME …] [flags] > acl

  --node NAME      a node; its user at the broker has the same name; may be given more than once
  --operator USER  a user that commands the nodes; may be given more than once (default: operator)
  --agents USER    a user of agents' own connections and other programs, for data alone; may be given more
                   than once (default: agents)
  --data FILTER    topics of the data; may be given more than once (default: sensors/#)
  --migrate        agents move between the nodes: each node may then command the others

Exit code: 0, or 2 when something cannot be used.`;

const LISTS = ["node", "operator", "agents", "data"];

/** Something that cannot be used; the message is one line. */
class UsageError extends Error {
  override name = "UsageError";
}

function main(args: readonly string[]): string {
  const given = parseArgs(args, {
    string: LISTS,
    collect: LISTS,
    boolean: ["migrate", "help"],
    unknown: (argument) => {
      throw new UsageError(`unknown argument '${argument}': see --help`);
    },
  });
  if (given.help === true) return HELP;
  const list = (flag: string, fallback: readonly string[]) => {
    const values = Array.isArray(given[flag]) ? given[flag].map(String) : [];
    return [...new Set(values.length === 0 ? fallback : values)];
  };
  return aclFile(checked({
    nodes: list("node", []),
    operators: list("operator", ["operator"]),
    agents: list("agents", ["agents"]),
    data: list("data", ["sensors/#"]),
    migrate: given.migrate === true,
  })).trimEnd();
}

/** @throws UsageError */
function checked(request: AclRequest): AclRequest {
  const { nodes, operators, agents, data } = request;
  if (nodes.length === 0) throw new UsageError("--node is missing: see --help");
  for (const node of nodes) {
    if (!isName(node)) throw new UsageError(`--node must be ${NAME_RULE}: current value is '${node}'`);
  }
  for (const user of [...operators, ...agents]) {
    if (!/^[^\s\p{Cc}#][^\p{Cc}]*$/u.test(user)) {
      throw new UsageError(`${JSON.stringify(user)} is no user name for mosquitto`);
    }
  }
  const users = [...nodes, ...operators, ...agents];
  const twice = users.find((user, index) => users.indexOf(user) !== index);
  // mosquitto would give it the rights of both.
  if (twice !== undefined) {
    throw new UsageError(`the user '${twice}' cannot be two of node, operator and agents`);
  }
  for (const filter of data) checkData(filter);
  return request;
}

function checkData(filter: string): void {
  const problem = filterError(filter);
  if (problem !== undefined) throw new UsageError(`--data '${filter}': ${problem}`);
  if (["#", "+", "nodes", "agents"].includes(filter.split("/")[0] ?? "")) {
    throw new UsageError(
      `--data '${filter}' holds topics that command nodes: a filter must not begin with #, +, nodes or agents`,
    );
  }
}

if (import.meta.main) {
  try {
    // deno-lint-ignore no-console -- it is what was asked for
    console.log(main(Deno.args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // deno-lint-ignore no-console -- for the operator
    console.error(`acl: ${error.message}`);
    Deno.exit(2);
  }
}
