/** Normalizes colloquial sentences to the wording of the forms, without changing their meaning. Pure. */
import { likelyMeant } from "../../protocol/spelling.ts";

const NAME_CHARS = "[A-Za-z0-9][\\w.-]*";

/** Polite words before a request. */
const POLITENESS = new RegExp(
  "^(?:(?:(?:please|pls|plz|hey|hi|hello|ok|okay|now|so|well|just|kindly|quickly|also)(?: there)?[,!]? )+" +
    "|(?:can|could|would|will) (?:you|we|i|someone|somebody|anyone|anybody) (?:please |maybe |perhaps |kindly |just )*(?!mind\\b)(?!not\\b)" +
    "|(?:do you know|any idea) (?=(?:what|which|where|who|why|if)\\b)" +
    "|i(?: want|'d like| would like)(?: you)? to |(?:please )?tell me (?=(?:what|which|where|who|why|is)\\b)" +
    "|(?:go ahead and|let's|let us|we should|you can|you may|feel free to) )",
  "i",
);

/** Polite words after it. */
const THANKS =
  /,? (?:(?:many )?(?:thanks|thank you|thx|ty)(?: a lot| very much| so much| in advance)?|please|pls|plz|for me|would you|will you|could you|can you|right now|right away|immediately|at once|asap|now|at the moment|currently|already|instead|then)$/i;

/** A polite word in the middle, before the node. */
const ASIDE = /,? (?:please|pls|plz),? (?=(?:on|at|to) )/i;

/** Synonyms for the opening words of a sentence. */
const OPENINGS: readonly (readonly [RegExp, string])[] = [
  [/^would you mind (stopp|mov|show|list|start|spawn|deploy|kill)(?:p)?ing /i, "$1 "],
  [/^(?:turn|switch|shut) off /i, "stop "],
  [/^(?:turn|switch) (?:the )?(?:agent )?(\S+) off$/i, "stop $1"],
  [/^hows /i, "how's "],
  [/^whats /i, "what's "],
  [/^wheres /i, "where's "],
  [/^(?:see|view|display|print) /i, "show "],
  [/ & /g, " and "],
  [/^(?:send|give) me an alert (?=(?:on|at|when|if) )/i, "alert me "],
  [new RegExp(`^ping (\\S+) from (?:the )?(?:node )?(${NAME_CHARS})`, "i"), "deploy a heartbeat to $1 on $2"],
  [
    new RegExp(`^(?:can|could|should) (${NAME_CHARS}) be (?:moved|migrated) to `, "i"),
    "move $1 to ",
  ],
  [new RegExp(`^put (?:the )?(?:agent )?(${NAME_CHARS}) (?:on|onto) (${NAME_CHARS})$`, "i"), "move $1 to $2"],
  [
    /^(?:alert|notify|warn|tell|inform|message) me (?=(?:on|at) \S+,? (?:when|if|as soon as|once)\b)/i,
    "deploy an alert ",
  ],
  [
    /^(?:alert|notify|warn|tell|inform|message) me (?:when|if|as soon as|once) (?:the )?/i,
    "deploy an alert for ",
  ],
  // The forms say "the memory on hall", not "of hall".
  [/^((?:watch|monitor|measure|read|collect|track|check) (?:the )?\w+) of (?=[A-Za-z0-9])/i, "$1 on "],
  [
    /^((?:deploy|spawn|start|run|put|i need|i want|set up|install) .+) in (?:the )?(?:node )?([A-Za-z0-9][\w.-]*)$/i,
    "$1 on $2",
  ],
  [
    /^(?:watch|monitor|measure|read|collect|poll|fetch|track|check|keep an eye on) (?:the )?/i,
    "deploy an agent for ",
  ],
];

/** Verbs and sensor words that people mistype. Names are never corrected. */
const VOCABULARY: readonly string[] = (
  "stop kill move migrate deploy spawn start launch monitor watch show list alert temperature humidity sensor agent agents " +
  "nodes memory heartbeat every second seconds minute minutes hour hours errors please online offline running"
).split(" ");
const KNOWN = new Set(VOCABULARY);
/** Words that precede a name. */
const BEFORE_NAME: ReadonlySet<string> = new Set(
  ("on to onto at from of as in named called node device agent stop kill end move migrate and or, is was why where")
    .split(" "),
);

/** The sentence without polite words, in the wording of the forms. */
export function tidy(sentence: string): string {
  const line = sentence.trim().replace(/\s+/g, " ").replace(/’/g, "'").replace(/[\s.!?]+$/, "");
  // There may be several polite words in a row.
  const bare = repeated(repeated(line, POLITENESS), THANKS).replace(ASIDE, " ");
  const plain = OPENINGS.reduce((text, [from, to]) => text.replace(from, to), bare);
  return placeLast(
    plain.replace(/^(stopp|kill)(?= )/i, (verb) => verb.toLowerCase() === "stopp" ? "stop" : verb),
  );
}

/** The sentence with likely typing errors corrected; undefined if there are none. */
export function respelled(text: string): string | undefined {
  const words = text.split(" ");
  const meant = words.map((word, index) => {
    const before = words[index - 1]?.toLowerCase();
    if (before !== undefined && BEFORE_NAME.has(before) && !isArticle(before)) return word;
    if (!/^[a-z]{4,}$/i.test(word) || KNOWN.has(word.toLowerCase())) return word;
    // Short words may have one typing error, longer ones two: more would match unrelated words.
    const near = likelyMeant(word.toLowerCase(), VOCABULARY, word.length < 6 ? 1 : 2);
    return near ?? word;
  }).join(" ");
  return meant === text ? undefined : meant;
}

function isArticle(word: string): boolean {
  return word === "a" || word === "an" || word === "the";
}

function repeated(text: string, pattern: RegExp): string {
  const shorter = text.replace(pattern, "");
  return shorter === text || shorter === "" ? text : repeated(shorter, pattern);
}

/** Rewrites "on NODE, spawn …" as "spawn … on NODE". */
function placeLast(text: string): string {
  const match =
    /^((?:on|at) (?!which\b|what\b)(?:the )?(?:node |device )?['"]?[A-Za-z0-9][\w.-]*['"]?),? (.+)$/i.exec(
      text,
    );
  return match === null || /^is\b/i.test(match[2] ?? "") ? text : `${match[2]} ${match[1]}`;
}
