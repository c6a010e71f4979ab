/**
 * The planner that needs no model: reads a sentence in one of the plain forms. Pure. It accepts a sentence only if it
 * knows every word of it: unknown words are never skipped.
 */
import { isName } from "../../protocol/names.ts";
import { NO_NAMES } from "./no_names.ts";
import { notUnderstood, type Plan, planned, type Understanding } from "./plan.ts";
import { severalIn } from "./several.ts";
import { understandSpawn } from "./spawn_sentence.ts";
import { respelled, tidy } from "./tidy.ts";
import { timeIn } from "./why_not.ts";

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
    `(?:move|migrate|relocate|transfer|shift) ${AGENT}(?: (?:from|off) ${NODE})? (?:to|onto|over to) ${NODE}`,
    ([, agent, from, to]) =>
      named(
        { agent, to, from },
        ({ agent, to, from }) => ({ kind: "move", agent, to, ...optional({ from }) }),
      ),
  ),
  form(
    `(?:which|what|are any|are there any|any|show me the|show the|list the|list) (?:nodes?|of the nodes|devices) ` +
      `(?:are |is |that are |which are )?(?:offline|down|off|gone|away|dead|not online|unreachable|not reachable)`,
    () => planned({ kind: "list_nodes", state: "offline" }),
  ),
  form(
    `(?:is (?:the )?(?:node |device )?${NAME}(?: node)?(?: still)? (?:online|offline|up|down|alive|reachable|connected|off|away|there))` +
      `|did (?:the )?(?:node |device )?${NAME} (?:go|come) (?:offline|down|online|back)` +
      `|how(?: is|'s) (?:the )?(?:node|device) ${NAME} doing`,
    ([, ...nodes]) =>
      named({ node: nodes.find((each) => each !== undefined) }, ({ node }) => ({ kind: "list_nodes", node })),
  ),
  form(
    `how(?: is|'s) (?:the )?agent ${NAME} doing`,
    ([, agent]) => named({ agent }, ({ agent }) => ({ kind: "list_agents", agent })),
  ),
  form(
    `how(?: is|'s) (?:the )?${NAME} doing`,
    ([, name]) =>
      notUnderstood(`Say whether '${name}' is a node or an agent: is ${name} online, or is ${name} running`),
  ),
  form(
    `(?:(?:list|show|show me|give me) )?(?:all )?(?:the )?offline nodes`,
    () => planned({ kind: "list_nodes", state: "offline" }),
  ),
  form(
    `what do (?:we|you|i) have (?:running )?(?:on|at) ${NODE}`,
    ([, node]) => named({ node }, ({ node }) => ({ kind: "list_agents", node })),
  ),
  form(
    `why did ${AGENT} (?:die|stop|end|break|go down)|${AGENT} (?:is (?:broken|failing|down)|is not working|isn't working|does not work|doesn't work|has failed|failed|crashed|keeps crashing),? why`,
    ([, ...agents]) =>
      named({ agent: agents.find((each) => each !== undefined) }, ({ agent }) => ({ kind: "errors", agent })),
  ),
  form(
    `${SHOW} ?(?:the )?${NAME}'s (?:last |latest )?(logs?|errors)`,
    ([, agent, what]) => named({ agent }, ({ agent }) => ({ kind: kindOf(what), agent })),
  ),
  form(
    `how many (nodes|agents)(?: (?:are|do we have|have we got|exist|run|are there))*(?: (?:running|online|up|there))?(?: (?:on|at) ${NODE})?`,
    ([, what, node]) =>
      what?.toLowerCase() === "nodes" && node === undefined
        ? planned({ kind: "list_nodes" })
        : named({ node }, ({ node }) => ({ kind: "list_agents", ...optional({ node }) })),
  ),
  form(
    "are all (?:of )?(?:the |my |our )?nodes (?:online|up|there|ok|reachable)" +
      "|(?:what|which) nodes (?:have (?:we|i|you) got|are known|are on)",
    () => planned({ kind: "list_nodes" }),
  ),
  form(
    "(?:show (?:me )?|get |give me )?(?:a |the )?list of (?:all )?(?:the |my |our )?agents" +
      "|(?:what|which) agents (?:do (?:we|i) have|have (?:we|i) got|are there|exist)",
    () => planned({ kind: "list_agents" }),
  ),
  form(
    `(?:what(?: is|'s| runs| do we have) (?:on|at) ${NODE})|(?:what(?: is|'s) ${NODE} (?:doing|running))`,
    ([, node, other]) => named({ node: node ?? other }, ({ node }) => ({ kind: "list_agents", node })),
  ),
  form(
    `is ${AGENT} (?:still )?running (?:on|at) ${NODE}`,
    ([, agent, node]) => named({ agent, node }, ({ agent, node }) => ({ kind: "list_agents", agent, node })),
  ),
  form(
    `(?:on )?(?:which|what) node (?:is|runs|has) ${AGENT}(?: on| running on)?|${AGENT} is on which node|where ${AGENT} (?:is|runs)|where does ${AGENT} run`,
    ([, ...agents]) =>
      named({ agent: agents.find((each) => each !== undefined) }, ({ agent }) => ({
        kind: "list_agents",
        agent,
      })),
  ),
  form(
    `why (?:is|does|do) ${AGENT} (?:not (?:work|working|run|running|start|starting)|keep(?:s)? (?:crashing|failing|restarting|stopping)|broken|down|crash|fail|restart|crashing|failing|restarting)` +
      `|why (?:isn't|doesn't|won't|will not|does not|is not) ${AGENT} (?:work|working|run|running|start|starting)` +
      `|what(?: is|'s) (?:wrong|the matter|the problem|up) with ${AGENT}|what happened (?:to|with) ${AGENT}` +
      `|${SHOW} ?what (?:went|goes|is) wrong with ${AGENT}`,
    ([, ...agents]) =>
      named({ agent: agents.find((each) => each !== undefined) }, ({ agent }) => ({ kind: "errors", agent })),
  ),
  form(
    "(?:is |are )?(?:there )?any (?:problems?|errors?|failures?|trouble)|did (?:anything|something) (?:go wrong|fail|crash|break)" +
      "|(?:is )?anything (?:wrong|broken|failing)|what(?: went| is|'s) wrong",
    () => planned({ kind: "errors" }),
  ),
  form(
    `(logs?|errors) ${AGENT}|what(?: is|'s) ${AGENT} (?:logging|saying)|what (?:did|does) ${AGENT} (?:say|log) (?:last|lately|recently)`,
    ([, what, ...agents]) =>
      named(
        { agent: agents.find((each) => each !== undefined) },
        ({ agent }) => ({ kind: kindOf(what), agent }),
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

const MAX_CHARS = 1000;

/** @param sentence one line from an operator */
export function understand(sentence: string): Understanding {
  if (sentence.length > MAX_CHARS) {
    return notUnderstood(`The sentence is longer than ${MAX_CHARS} characters`);
  }
  const text = tidy(sentence);
  if (text === "") return notUnderstood("The sentence is empty");
  const first = readWhole(text);
  if (first.kind === "plan") return first;
  // A name may look like a misspelt word, so correct spelling only if the original is not understood.
  const meant = respelled(text);
  const second = meant === undefined ? first : readWhole(tidy(meant));
  return second.kind === "plan" ? second : first;
}

function readWhole(text: string): Understanding {
  const time = timeIn(text);
  if (time !== undefined) return notUnderstood(time);
  return severalIn(text, readOne) ?? readOne(text);
}

function readOne(text: string): Understanding {
  for (const { pattern, read } of FORMS) {
    const groups = pattern.exec(text);
    if (groups !== null) return read(groups);
  }
  return understandSpawn(text);
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
