/** Reads the sentences that spawn an agent from a template. Pure. */
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { templateNamed, TEMPLATES } from "../templates/catalog.ts";
import { readParameters, TemplateError } from "../templates/parameters.ts";
import type { ParameterValue } from "../templates/template.ts";
import { type Clauses, takeClauses } from "./clauses.ts";
import { NO_NAMES } from "./no_names.ts";
import { notUnderstood, type Plan, planned, type Understanding } from "./plan.ts";
import { likelyMeant } from "../../protocol/spelling.ts";
import { whyNot } from "./why_not.ts";

const VERB =
  /^(?:deploy|spawn|start|run|create|launch|put|set up|install|add|make|i (?:want|need)|i'd like|i would like) /i;

/** Words that do not change the meaning of a sentence. */
const FILLERS: ReadonlySet<string> = new Set(
  ("a an the new agent agents sensor sensors that which to and it its for of in on from with when if " +
    "read reads reading readings publish publishes publishing report reports watch watches watching monitor " +
    "monitors monitoring poll polls polling fetch fetches fetching check checks checking measure measures detect " +
    "detects detecting detector detection raise raises send sends value values usage state data " +
    "change changes level levels room template messages topic device watcher").split(" "),
);

/** Words that ask for made-up readings. */
const SIMULATED: ReadonlySet<string> = new Set(["simulated", "simulate", "simulation", "simulating"]);

/** Templates that evaluate what a sensor agent publishes. */
const JUDGES: ReadonlySet<string> = new Set(["threshold", "anomaly"]);
const JUDGED: ReadonlySet<string> = new Set(["temperature", "humidity"]);

type Given = Readonly<Record<string, ParameterValue>>;

export function understandSpawn(text: string): Understanding {
  if (!VERB.test(text)) return notUnderstood(whyNot(text));
  if (/^\S+(?: up)? (?:an? |the )?(?:new )?node /i.test(text)) {
    return notUnderstood("To deploy a node: deploy node NAME to USER@HOST with broker HOST");
  }
  const clauses = takeClauses(text.replace(VERB, ""));
  if (clauses.twice !== undefined) return notUnderstood(`The sentence says ${clauses.twice} more than once`);
  const [node, second] = clauses.nodes;
  if (node === undefined) return notUnderstood("The sentence does not say on which node");
  if (second !== undefined) {
    return notUnderstood(
      `'${node}' and '${second}' cannot both be the node; for a topic, say 'topic ${second}'`,
    );
  }
  if (!isName(node) || FILLERS.has(node.toLowerCase()) || NO_NAMES.has(node.toLowerCase())) {
    return notUnderstood(`'${node}' is not a valid node name`);
  }
  const said = clauses.rest.toLowerCase().split(" ").filter((word) => word !== "" && !FILLERS.has(word));
  const chosen = chooseTemplate(said.filter((word) => !SIMULATED.has(word)), clauses);
  if ("reason" in chosen) return notUnderstood(chosen.reason);
  return complete(node, chosen, clauses, said.some((word) => SIMULATED.has(word)));
}

interface Chosen {
  readonly template: string;
  readonly about: string | undefined;
}
type Choice = Chosen | { readonly reason: string };

function chooseTemplate(words: readonly string[], { url, line, path }: Clauses): Choice {
  const found = new Set<string>();
  for (const word of words) {
    const template = TEMPLATES.find((each) => each.name === word || each.words.includes(word));
    if (template === undefined) return { reason: unknown(word) };
    found.add(template.name);
  }
  // A URL, a GPIO line or a path also identifies the template.
  if (found.size === 0 && url?.startsWith("http")) found.add("http_poller");
  if (found.size === 0 && line !== undefined) found.add("door");
  if (found.size === 0 && path !== undefined) found.add("file_watcher");
  const names = [...found];
  const [name, other] = names;
  if (name === undefined) return { reason: "The sentence does not say what the agent should do" };
  if (other === undefined) return { template: name, about: undefined };
  const judge = names.find((each) => JUDGES.has(each));
  const about = names.find((each) => JUDGED.has(each));
  if (names.length === 2 && judge !== undefined && about !== undefined) return { template: judge, about };
  return { reason: `One agent does one thing, and the sentence names ${names.join(", ")}` };
}

function unknown(word: string): string {
  const meant = likelyMeant(word, KNOWN);
  return `I don't know the word '${word}'` + (meant === undefined ? "" : `: did you mean '${meant}'?`);
}

const KNOWN: ReadonlySet<string> = new Set([
  ...TEMPLATES.flatMap(({ words }) => words),
  ...FILLERS,
  ...SIMULATED,
]);

function complete(
  node: string,
  { template, about }: Chosen,
  clauses: Clauses,
  isSimulated: boolean,
): Understanding {
  const { pollInterval, parameters } = templateNamed(template);
  if (isSimulated && parameters.simulate === undefined) {
    return notUnderstood(`Template '${template}' has no simulation`);
  }
  const said = parametersOf(template, about, clauses, isSimulated);
  if (typeof said === "string") return notUnderstood(said);
  const given = isSimulated ? { ...said, simulate: true } : said;
  const { interval } = clauses;
  if (interval !== undefined && pollInterval === undefined) {
    return notUnderstood(`Template '${template}' works when something happens, not at an interval`);
  }
  if (interval !== undefined && !(interval > 0)) return notUnderstood("The interval must be above 0");
  const agent = clauses.agent ?? `${template.replaceAll("_", "-")}-${node}`;
  if (!isName(agent) || NO_NAMES.has(agent.toLowerCase())) {
    return notUnderstood(`'${agent}' is not a valid agent name: it must be ${NAME_RULE}`);
  }
  try {
    readParameters(template, parameters, given);
  } catch (error) {
    if (error instanceof TemplateError) return notUnderstood(error.message);
    throw error;
  }
  const plan: Plan = { kind: "spawn", node, agent, template, parameters: given };
  return planned(interval === undefined ? plan : { ...plan, pollInterval: interval });
}

/** The parameters that the clauses set for this template, or why they do not fit it. */
function parametersOf(
  template: string,
  about: string | undefined,
  clauses: Clauses,
  isSimulated: boolean,
): Given | string {
  const left = new Map(
    (["url", "path", "target", "output", "input", "above", "below", "line"] as const)
      .flatMap((kind) => clauses[kind] === undefined ? [] : [[kind, clauses[kind]] as const]),
  );
  const given: Record<string, ParameterValue> = {};
  for (const [clause, parameter] of Object.entries(MEANS[template] ?? {})) {
    const value = left.get(clause as never);
    // People say "gpio 17" for the line that the kernel calls GPIO17.
    if (value !== undefined) given[parameter] = clause === "line" ? `GPIO${value}` : value;
    left.delete(clause as never);
  }
  const [unused] = left.values();
  if (unused !== undefined) return `Template '${template}' has no use for '${unused}'`;
  if (about !== undefined && given.topic !== undefined) return `Say either '${about}' or the topic`;
  if (about !== undefined) given.topic = `sensors/${about}`;
  // If the sentence gives one bound, the default of the other does not apply.
  if (template === "threshold") return bounded(given);
  const missing = isSimulated
    ? undefined
    : (NEEDED[template] ?? []).find((parameter) => given[parameter] === undefined);
  return missing === undefined
    ? given
    : `An agent of template '${template}' needs its ${missing} in the sentence`;
}

function bounded(given: Readonly<Record<string, ParameterValue>>): Given | string {
  const { above = null, below = null } = given;
  if (above === null && below === null) {
    return "An alert needs its bound in the sentence: above 30, or below 5";
  }
  if (given.topic === undefined) return "An alert needs its topic in the sentence: for sensors/temperature";
  return { ...given, above, below };
}

/** The parameter of each template that a clause sets. */
const MEANS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  temperature: { output: "topic", input: "topic" },
  humidity: { output: "topic", input: "topic" },
  door: { output: "topic", input: "topic", line: "line" },
  relay: { line: "line" },
  bme280: { output: "topic", input: "topic" },
  serial_lines: { path: "port", output: "topic", input: "topic" },
  cpu_memory: { output: "topic", input: "topic" },
  file_watcher: { path: "path", output: "topic", input: "topic" },
  http_poller: { url: "url", output: "topic", input: "topic" },
  heartbeat: { target: "target", output: "topic", input: "topic" },
  mqtt_bridge: { url: "url", input: "filter" },
  anomaly: { input: "topic", output: "output" },
  threshold: { input: "topic", above: "above", below: "below" },
};

/** Parameters that the sentence must give: their defaults are only examples. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  http_poller: ["url"],
  mqtt_bridge: ["url"],
  file_watcher: ["path"],
  anomaly: ["topic"],
  relay: ["line"],
  serial_lines: ["port"],
};
