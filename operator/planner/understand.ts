/**
 * The planner that needs no model: reads a sentence in one of the plain forms. Pure. It takes a sentence only when every
 * word of it has a meaning here: what it does not know it does not skip.
 */
import { isName } from "../../protocol/names.ts";
import { NO_NAMES } from "./no_names.ts";
import { notUnderstood, type Plan, planned, type Understanding } from "./plan.ts";
import { understandSpawn } from "./spawn_sentence.ts";

const NAME = "([A-Za-z0-9][\\w.-]*)";
const THE = "(?:the |a |an |my )?";
const AGENT = `${THE}(?:agent )?['"]?${NAME}['"]?(?: agent)?`;
const NODE = `${THE}(?:node |device )?['"]?${NAME}['"]?`;

type Groups = readonly (string | undefined)[];

interface Form {
  readonly pattern: RegExp;
  readonly read: (groups: Groups) => Understanding;
}

const form = (pattern: string, read: Form["read"]): Form => ({
  pattern: new RegExp(`^(?:${pattern})$`, "i"),
  read,
});

const FORMS: readonly Form[] = [
  form(
    `(?:deploy|install|set up|setup|add|create|bring up) (?:a |the )?(?:new )?node ['"]?${NAME}['"]? ` +
      `(?:to|on|at) (\\S+)(?:,? port (\\d+))?,? (?:and |that |which )?(?:with|using|uses|use|on) ` +
      `(?:the )?broker (?:at |on )?(\\S+)`,
    ([, node, address, port, broker]) => deployNode(node, address, port, broker),
  ),
  form(
    `(?:stop|end|kill|terminate|shut down) ${AGENT}(?: (?:on|at) ${NODE})?`,
    ([, agent, node]) =>
      named({ agent, node }, ({ agent, node }) => ({ kind: "stop", agent, ...optional({ node }) })),
  ),
  form(
    `(?:move|migrate|relocate|transfer) ${AGENT}(?: from ${NODE})? (?:to|onto|over to) ${NODE}`,
    ([, agent, from, to]) =>
      named(
        { agent, to, from },
        ({ agent, to, from }) => ({ kind: "move", agent, to, ...optional({ from }) }),
      ),
  ),
  form(
    "(?:(?:list|show|show me|give me|get) (?:all )?(?:of )?(?:the |my )?nodes(?: (?:that are )?(?:online|there))?)" +
      "|(?:(?:which|what) nodes (?:are (?:there|online|running|up)|do we have|exist))|nodes",
    () => planned({ kind: "list_nodes" }),
  ),
  form(
    `(?:(?:list|show|show me|give me|get) (?:all )?(?:of )?(?:the |my )?(?:running )?agents|agents|list` +
      `|(?:what|which agents|what agents)(?: is|'s| are|) (?:running|run|runs))(?: (?:on|at) ${NODE})?(?: now)?`,
    ([, node]) => named({ node }, ({ node }) => ({ kind: "list_agents", ...optional({ node }) })),
  ),
  form(
    `(?:show|show me|read|get|give me)?(?: ?the)? ?(logs?|errors) (?:of|from|for) ${AGENT}`,
    ([, what = "", agent]) =>
      named({ agent }, ({ agent }) => ({ kind: what.toLowerCase() === "errors" ? "errors" : "logs", agent })),
  ),
  form("help|what can you do|what can i say|list (?:the )?templates", () => planned({ kind: "help" })),
];

/** What is said around a request, and changes nothing. */
const POLITENESS =
  /^(?:(?:please|hey|hi|hello|ok|okay|now)[,!]? )+|^(?:(?:can|could|would|will) you (?:please )?)/i;

/** @param sentence one line of an operator */
export function understand(sentence: string): Understanding {
  const text = tidy(sentence);
  if (text === "") return notUnderstood("There is nothing to understand");
  if (text.length > 1000) return notUnderstood("The sentence is longer than 1000 characters");
  for (const { pattern, read } of FORMS) {
    const groups = pattern.exec(text);
    if (groups !== null) return read(groups);
  }
  return understandSpawn(text);
}

function tidy(sentence: string): string {
  const line = sentence.trim().replace(/\s+/g, " ").replace(/’/g, "'").replace(/[\s.!?]+$/, "");
  return line.replace(POLITENESS, "").replace(POLITENESS, "").replace(/,? please$/i, "");
}

function deployNode(
  node: string | undefined,
  address: string | undefined,
  port: string | undefined,
  broker: string | undefined,
): Understanding {
  if (!isName(node) || NO_NAMES.has(node.toLowerCase())) {
    return notUnderstood(`'${node}' is no name for a node`);
  }
  if (address === undefined || !/^[A-Za-z_][\w.-]*@(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:]+\])$/.test(address)) {
    return notUnderstood(`'${address}' is not USER@HOST`);
  }
  if (broker === undefined || !/^(?:(?:mqtts?|wss?):\/\/)?[A-Za-z0-9][\w.-]*(?::\d{1,5})?$/.test(broker)) {
    return notUnderstood(`'${broker}' is no broker: say its host, or a URL such as mqtts://HOST:8883`);
  }
  const plan: Plan = { kind: "deploy_node", node, address, broker };
  return planned(port === undefined ? plan : { ...plan, sshPort: Number(port) });
}

/** Makes a plan of names, where all that are given are names. */
function named<T extends Readonly<Record<string, string | undefined>>>(
  names: T,
  makePlan: (names: { readonly [K in keyof T]: string }) => Plan,
): Understanding {
  for (const name of Object.values(names)) {
    if (name === undefined) continue;
    if (!isName(name) || NO_NAMES.has(name.toLowerCase())) {
      return notUnderstood(`'${name}' is no name: say which one is meant, one at a time`);
    }
  }
  return planned(makePlan(names as { readonly [K in keyof T]: string }));
}

function optional<K extends string>(names: Readonly<Record<K, string>>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined)) as Partial<
    Record<K, string>
  >;
}
