/** Extracts the clauses of a sentence, one kind after another. Pure. */

/** The clauses extracted from a sentence, and the rest. */
export interface Clauses {
  /** The remaining words, in order. */
  readonly rest: string;
  /** Seconds. */
  readonly interval: number | undefined;
  readonly agent: string | undefined;
  readonly url: string | undefined;
  readonly target: string | undefined;
  readonly path: string | undefined;
  /** The topic it publishes to. */
  readonly output: string | undefined;
  /** The topic it listens to. */
  readonly input: string | undefined;
  readonly above: number | undefined;
  readonly below: number | undefined;
  readonly line: number | undefined;
  readonly nodes: readonly string[];
  /** The clause that the sentence repeats, if any. */
  readonly twice: string | undefined;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  millisecond: 0.001,
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  day: 86_400,
};
const NUMBERS = "a an one two three four five six seven eight nine ten fifteen twenty thirty sixty".split(
  " ",
);
const NUMBER_OF = new Map(
  NUMBERS.map((word, index) => [word, [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 30, 60][index] ?? NaN]),
);

const UNIT = "(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?)";
const COUNT = `(\\d+(?:[.,]\\d+)?|${NUMBERS.join("|")})`;
/** Number words for parts and multiples of a unit. */
const PARTS: ReadonlyMap<string, number> = new Map([
  ["half", 0.5],
  ["half a", 0.5],
  ["half an", 0.5],
  ["quarter", 0.25],
  ["quarter of a", 0.25],
  ["quarter of an", 0.25],
  ["a quarter of an", 0.25],
  ["other", 2],
  ["second", 2],
]);
const ADVERBS: Readonly<Record<string, string>> = { hourly: "hour", daily: "day" };
const TIMES: ReadonlyMap<string, number> = new Map([["once", 1], ["twice", 2]]);

const NUMBER = "(-?\\d+(?:\\.\\d+)?)";
const DEGREES = "(?: ?(?:degrees?|°c?|c|celsius|%|percent))*";
const QUOTE = "['\"]?";
const TOPIC = `${QUOTE}([^\\s'",]+)${QUOTE}`;

/** A clause consists of whole words. */
const clause = (source: string) => new RegExp(`(?<=^|[ ,])(?:${source})(?=$|[ ,])`, "gi");

const PUBLISHES = "(?:and )?(?:publish(?:es|ing)?|reports?|reporting|sends?|sending|writes?)" +
  "(?: (?:it|them|that|readings?|values?))?";
const A_TOPIC = `(?:topic ${TOPIC}|${QUOTE}([^\\s'",/]+\\/[^\\s'",]*)${QUOTE})`;

/** The order matters: a clause that could be mistaken for another is extracted first. */
const PATTERNS = {
  interval: clause(
    `(?:every|each|once every|(?:with|at) an interval of) ?(?:(${
      [...PARTS.keys()].toReversed().join("|")
    }) |${COUNT} ?)?` +
      `${UNIT}|(?:(once|twice)|${COUNT} times) (?:a|an|per|each|every) ${UNIT}|(hourly|daily)`,
  ),
  agent: clause(`(?:and )?(?:call it|named|called|as|with the name) ${QUOTE}([A-Za-z0-9][\\w.-]*)${QUOTE}`),
  url: clause(`(?:(?:at|from|to|of|on) )?(?:the )?(?:url )?((?:https?|mqtts?):\\/\\/[^\\s'",]+)`),
  path: clause(`(?:(?:in|at|of|from|on|for) )?(?:path )?(\\/[^\\s'",]+)`),
  target: clause("(?:(?:to|at|of) )?(?:host )?((?:[\\w.-]+|\\[[0-9a-f:]+\\]):\\d{1,5})"),
  output: clause(`${PUBLISHES} (?:to|on|under|at) (?:the )?${A_TOPIC}`),
  input: clause(`(?:(?:on|of|for|from|in|to) )?(?:the )?${A_TOPIC}`),
  above: clause(
    `(?:(?:when|if|or|and|that is|is|goes|rises|it) )*` +
      `(?:above|over|exceeds|exceeding|higher than|more than|greater than|>) ?${NUMBER}${DEGREES}`,
  ),
  below: clause(
    `(?:(?:when|if|or|and|that is|is|goes|falls|drops|it) )*` +
      `(?:below|under|lower than|less than|<) ?${NUMBER}${DEGREES}`,
  ),
  line: clause("(?:on |at |of )?(?:gpio )?(?:line|pin|gpio) ?(\\d+)"),
  nodes: clause(
    `(?:on|to|onto|at) (?:the )?(?:node |device )?${QUOTE}([A-Za-z0-9][\\w.-]*)${QUOTE}(?: (?:node|device))?`,
  ),
} as const;

export function takeClauses(sentence: string): Clauses {
  let rest = sentence;
  let twice: string | undefined;
  const take = (pattern: RegExp): string[][] => {
    const found: string[][] = [];
    rest = rest.replace(pattern, (...match: unknown[]) => {
      // The groups precede the offset, which is the first number.
      const end = match.findIndex((each) => typeof each === "number");
      found.push(match.slice(1, end).map((group) => String(group ?? "")));
      return " ";
    });
    return found;
  };
  const one = (pattern: RegExp, what: string): string | undefined => {
    const found = take(pattern);
    if (found.length > 1) twice ??= what;
    return found[0]?.find((group) => group !== "");
  };
  const intervals = take(PATTERNS.interval);
  if (intervals.length > 1) twice ??= "how often";
  const agent = one(PATTERNS.agent, "its name");
  const url = one(PATTERNS.url, "a URL");
  const path = one(PATTERNS.path, "a path");
  const target = one(PATTERNS.target, "a host and port");
  const output = one(PATTERNS.output, "where it publishes");
  const input = one(PATTERNS.input, "a topic");
  const [above, below] = [one(PATTERNS.above, "an upper bound"), one(PATTERNS.below, "a lower bound")];
  const line = one(PATTERNS.line, "a GPIO line");
  const nodes = take(PATTERNS.nodes).map(([node = ""]) => node);
  return {
    rest: rest.replace(/,/g, " ").replace(/\s+/g, " ").trim(),
    interval: intervals[0] === undefined ? undefined : secondsOf(intervals[0]),
    agent,
    url,
    path,
    target,
    output,
    input,
    above: above === undefined ? undefined : Number(above),
    below: below === undefined ? undefined : Number(below),
    line: line === undefined ? undefined : Number(line),
    nodes,
    twice,
  };
}

/** The groups of the pattern are: a part, a number and a unit; or a count of times and its unit; or an adverb. */
function secondsOf(groups: readonly string[]): number {
  const [part = "", count = "", unit = "", times = "", timesCount = "", per = "", adverb = ""] = groups.map((
    group,
  ) => group.toLowerCase());
  if (adverb !== "") return unitSeconds(ADVERBS[adverb] ?? "");
  if (per !== "") return rounded(unitSeconds(per) / (TIMES.get(times) ?? numberOf(timesCount)));
  const number = PARTS.get(part) ?? (count === "" ? 1 : numberOf(count));
  return rounded(number * unitSeconds(unit));
}

function numberOf(word: string): number {
  // Many people write a decimal comma.
  return NUMBER_OF.get(word) ?? Number(word.replace(",", "."));
}

function unitSeconds(unit: string): number {
  return UNIT_SECONDS[unit.replace(/(?<=..)s$/, "")] ?? UNIT_SECONDS[unit] ?? NaN;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
