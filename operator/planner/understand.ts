/**
 * The planner that needs no model: reads a sentence in one of the plain forms. Pure. It accepts a sentence only if it
 * knows every word of it: unknown words are never skipped.
 */
import { isName } from "../../protocol/names.ts";
import { NO_NAMES } from "./no_names.ts";
import { notUnderstood, type Plan, planned, type Understanding } from "./plan.ts";
import { understandSpawn } from "./spawn_sentence.ts";

const NAME = "([A-Za-z0-9][\\w.-]*)";
const THE = "(?:the |a |an |my )?";
const AGENT = `${THE}(?:agent )?['"]?${NAME}['"]?(?: agent)?`;
const NODE = `${THE}(?:node |device )?['"]?${NAME}['"]?(?: node| device)?`;
const WHERE_ALL = "(?: (?:on|at) (?:all|every|all the|all of the|any)(?: of (?:my|the))? nodes?| everywhere)";

const SHOW = "(?:show|show me|read|get|give me)?";

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
      `(?:(?:the )?broker (?:at |on )?(\\S+)|(\\S+) as (?:its |the )?broker)`,
    ([, node, address, port, broker, asBroker]) =>
      deployNode(node, unquoted(address), port, unquoted(broker ?? asBroker)),
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
      "|(?:(?:which|what) nodes (?:are (?:there|online|running|up)|do (?:we|i) have|exist))|nodes",
    () => planned({ kind: "list_nodes" }),
  ),
  form(
    `(?:(?:list|show|show me|give me|get) (?:all )?(?:of )?(?:the |my )?(?:running )?agents|agents|list` +
      `|(?:what|who|which agents|what agents)(?: is|'s| are|) (?:running|run|runs))` +
      `(?:${WHERE_ALL}| (?:on|at) ${NODE})?(?: (?:right )?now)?`,
    ([, node]) => named({ node }, ({ node }) => ({ kind: "list_agents", ...optional({ node }) })),
  ),
  form(
    `(?:what|which) agents are (?:there )?(?:on|at) ${NODE}`,
    ([, node]) => named({ node }, ({ node }) => ({ kind: "list_agents", node })),
  ),
  form(
    `where(?: is|'s) ${AGENT}(?: running)?|(?:which|what) node (?:runs|has) ${AGENT}|is ${AGENT} (?:still )?running`,
    ([, ...agents]) =>
      named({ agent: agents.find((each) => each !== undefined) }, ({ agent }) => ({
        kind: "list_agents",
        agent,
      })),
  ),
  form(
    `${SHOW} ?(?:the )?(?:last |latest )?(logs?|errors) (?:of|from|for) (?:${AGENT}|(?:the )?node ${NAME})` +
      `|what are the (errors) of ${AGENT}`,
    ([, what, agent, node, otherWhat, other]) =>
      named(
        { agent: agent ?? node ?? other },
        ({ agent }) => ({ kind: kindOf(what ?? otherWhat), agent }),
      ),
  ),
  form(
    `(?:what (?:did|has|does) ${AGENT} (?:say|said|log|logged))|why (?:did|has|is) ${AGENT} (?:fail|failed|failing|end|ended|crash|crashed)`,
    ([, said, failed]) =>
      named(
        { agent: said ?? failed },
        ({ agent }) => ({ kind: said === undefined ? "errors" : "logs", agent }),
      ),
  ),
  form(
    `${SHOW} ?(?:all )?(?:the |of the )?(?:last |latest )?(logs?|errors)|(?:are there )?any (errors)`,
    ([, what, errors]) => planned({ kind: kindOf(what ?? errors) }),
  ),
  form("help|what can you do|what can i say|list (?:the )?templates", () => planned({ kind: "help" })),
];

/** Polite words around a request that do not change its meaning. */
const POLITENESS = new RegExp(
  "^(?:(?:please|pls|plz|hey|hi|hello|ok|okay|now)[,!]? )+|^(?:can|could|would|will) you (?:please |maybe )*" +
    "|^i(?: want|'d like| would like)(?: you)? to |^(?:please )?tell me (?=(?:what|which|where|who|why|is)\\b)",
  "i",
);
const THANKS = /,? (?:please|pls|plz|thanks|thank you|thx)$/i;

const MAX_CHARS = 1000;

/** @param sentence one line from an operator */
export function understand(sentence: string): Understanding {
  if (sentence.length > MAX_CHARS) {
    return notUnderstood(`The sentence is longer than ${MAX_CHARS} characters`);
  }
  const text = tidy(sentence);
  if (text === "") return notUnderstood("The sentence is empty");
  for (const { pattern, read } of FORMS) {
    const groups = pattern.exec(text);
    if (groups !== null) return read(groups);
  }
  return understandSpawn(text);
}

function tidy(sentence: string): string {
  const line = sentence.trim().replace(/\s+/g, " ").replace(/’/g, "'").replace(/[\s.!?]+$/, "");
  // People may say more than one of them.
  const bare = [1, 2, 3].reduce((rest) => rest.replace(POLITENESS, ""), line);
  return placeLast(bare.replace(THANKS, "").replace(THANKS, ""));
}

/** "on NODE, spawn …" is "spawn … on NODE". */
function placeLast(text: string): string {
  const match = /^((?:on|at) (?:the )?(?:node |device )?['"]?[A-Za-z0-9][\w.-]*['"]?),? (.+)$/i.exec(text);
  return match === null ? text : `${match[2]} ${match[1]}`;
}

function kindOf(word: string | undefined): "logs" | "errors" {
  return word?.toLowerCase() === "errors" ? "errors" : "logs";
}

function unquoted(text: string | undefined): string | undefined {
  return text?.replace(/^(['"])(.*)\1$/, "$2");
}

function deployNode(
  node: string | undefined,
  address: string | undefined,
  port: string | undefined,
  broker: string | undefined,
): Understanding {
  if (!isName(node) || NO_NAMES.has(node.toLowerCase())) {
    return notUnderstood(`'${node}' is not a valid node name`);
  }
  if (address === undefined || !/^[A-Za-z_][\w.-]*@(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:]+\])$/.test(address)) {
    return notUnderstood(`'${address}' is not USER@HOST`);
  }
  if (broker === undefined || !/^(?:(?:mqtts?|wss?):\/\/)?[A-Za-z0-9][\w.-]*(?::\d{1,5})?$/.test(broker)) {
    return notUnderstood(`'${broker}' is not a broker: give its host, or a URL such as mqtts://HOST:8883`);
  }
  const plan: Plan = { kind: "deploy_node", node, address, broker };
  return planned(port === undefined ? plan : { ...plan, sshPort: Number(port) });
}

/** Makes a plan from names, after checking that each is a valid name. */
function named<T extends Readonly<Record<string, string | undefined>>>(
  names: T,
  makePlan: (names: { readonly [K in keyof T]: string }) => Plan,
): Understanding {
  for (const name of Object.values(names)) {
    if (name === undefined) continue;
    if (!isName(name) || NO_NAMES.has(name.toLowerCase())) {
      return notUnderstood(`'${name}' is not a name: name one agent or node at a time`);
    }
  }
  return planned(makePlan(names as { readonly [K in keyof T]: string }));
}

function optional<K extends string>(names: Readonly<Record<K, string>>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined)) as Partial<
    Record<K, string>
  >;
}
