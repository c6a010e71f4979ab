/** Topics, filters and the rules over them, for strings of every kind. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import {
  DEFAULT_TOPIC_RULES,
  isControlTopic,
  mayHear,
  publishRefusal,
  replyRefusal,
  subscribeRefusal,
} from "../../protocol/agent_topics.ts";
import { COMMANDS, DIRECT_COMMANDS, matchIncoming } from "../../protocol/commands.ts";
import {
  filterCovers,
  filterError,
  filterMatches,
  filtersOverlap,
  publishTopicError,
  topics,
} from "../../protocol/topics.ts";
import { isName } from "../../protocol/names.ts";
import { anyJson, anyText, holds } from "../support/fuzz.ts";

const LEVELS = [
  "a",
  "b",
  "",
  "nodes",
  "agents",
  "by-name",
  "task",
  "reply",
  "n",
  "spawn",
  "$SYS",
  "$share",
  "ä",
];
const level = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...LEVELS) }, {
  weight: 1,
  arbitrary: anyText,
});
const wild = fc.oneof({ weight: 3, arbitrary: level }, { weight: 2, arbitrary: fc.constantFrom("+", "#") });
const joined = (part: fc.Arbitrary<string>) =>
  fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
const topic = joined(level);
const filter = joined(wild);
/** The filter that `levels` become where `choices` say so: `+` in place of a level, `#` in place of the rest. */
function widened(levels: readonly string[], choices: readonly number[]): string[] {
  const end = levels.findIndex((_, index) => choices[index] === 0);
  const kept = end === -1 ? levels : [...levels.slice(0, end), "#"];
  return kept.map((level, index) => choices[index] === 1 && level !== "#" ? "+" : level);
}
const choices = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 6, maxLength: 6 });
/** A topic, a filter that matches it, and one that may cover that filter. */
const related = fc.tuple(fc.array(level, { minLength: 1, maxLength: 6 }), choices, choices, fc.boolean()).map(
  ([levels, first, second, apart]): [string, string, string] => {
    const inner = widened(levels, first);
    const outer = widened(apart ? levels : inner, second);
    return [levels.join("/"), inner.join("/"), outer.join("/")];
  },
);
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

holds(
  "a topic is judged, whatever it is: a reason or none",
  fc.oneof(topic, filter, anyText, anyJson),
  (given) => {
    for (const reason of [publishTopicError(given), filterError(given)]) {
      assert(reason === undefined || reason.length > 0);
    }
  },
);

holds("what may be published to is a filter too, and matches itself", fc.oneof(topic, filter), (given) => {
  fc.pre(publishTopicError(given) === undefined);
  assertEquals(
    filterError(given),
    given.startsWith("$share/") || given === "$share" ? filterError(given) : undefined,
  );
  assert(filterMatches(given, given));
  assert(filterCovers(given, given));
  assert(!/[+#\p{Cc}]/u.test(given) && given.isWellFormed());
});

holds(
  "a filter that covers another matches all that the other does",
  related,
  ([one, inner, outer]) => {
    fc.pre([outer, inner].every((each) => filterError(each) === undefined));
    fc.pre(filterCovers(outer, inner) && filterMatches(inner, one));
    assert(filterMatches(outer, one), `${outer} covers ${inner}, and does not match ${one}`);
  },
);

holds(
  "what an agent may subscribe to brings it nothing from outside its rules",
  related,
  ([one, asked, allowed]) => {
    fc.pre([allowed, asked].every((each) => filterError(each) === undefined));
    const refusal = subscribeRefusal({ ...DEFAULT_TOPIC_RULES, subscribe: [allowed] }, asked);
    if (refusal === undefined && filterMatches(asked, one)) assert(filterMatches(allowed, one));
  },
);

holds(
  "no agent publishes to a control topic without a grant but a task, and no reply goes to one but a node's own",
  fc.tuple(topic, fc.oneof(anyText, anyJson.map((value) => JSON.stringify(value)))),
  ([one, text]) => {
    const message = { topic: one, own: "n/a/detections", retain: false, payload: () => text };
    const allowed = publishRefusal(DEFAULT_TOPIC_RULES, message) === undefined;
    if (allowed && isControlTopic(one)) {
      assert(filterMatches("agents/by-name/+/task", one), one);
      const replyTopic = JSON.parse(text)._reply_topic ?? undefined;
      assert(replyTopic === undefined || !isControlTopic(replyTopic));
    }
    if (replyRefusal(one) === undefined && isControlTopic(one)) assert(filterMatches("nodes/+/reply/+", one));
  },
);

holds(
  "two filters overlap when there is a topic that both match",
  fc.tuple(topic, topic, topic),
  ([a, b, one]) => {
    assertEquals(filtersOverlap(a, b), filtersOverlap(b, a));
    if (!one.startsWith("$") && filterMatches(a, one) && filterMatches(b, one)) assert(filtersOverlap(a, b));
  },
);

holds(
  "an agent is given nothing by a filter that it is refused",
  fc.tuple(topic, topic),
  ([filter, one]) => {
    const refused = subscribeRefusal(DEFAULT_TOPIC_RULES, filter) !== undefined;
    if (refused && filterMatches(filter, one)) assert(!mayHear(DEFAULT_TOPIC_RULES, one), one);
  },
);

holds(
  "what a node reads out of a topic is what it was made of",
  fc.tuple(name, name, name),
  ([node, agent, other]) => {
    for (const command of DIRECT_COMMANDS) {
      assertEquals(matchIncoming(node, topics.node(node, command)), { command, subject: "" });
      if (other !== node) assertEquals(matchIncoming(node, topics.node(other, command)), undefined);
    }
    assertEquals(matchIncoming(node, topics.task(agent)), { command: "task", subject: agent });
    assertEquals(matchIncoming(node, topics.reply(node, other)), { command: "reply", subject: other });
  },
);

holds(
  "a topic means something to a node only in the form that the contract gives it",
  fc.tuple(name, topic),
  (all) => {
    const [node, one] = all;
    const incoming = matchIncoming(node, one);
    if (incoming === undefined) return;
    const { command, subject } = incoming;
    const made = COMMANDS[command].topic.replace("{node}", () => node).replace(/\{\w+\}/, () => subject);
    assertEquals(made, one);
  },
);

holds(
  "a name is safe in a topic, in a file name and on a command line",
  fc.oneof(name, anyText, anyJson),
  (given) => {
    if (!isName(given)) return;
    assert(/^[\x21-\x7e]{1,64}$/.test(given) && !/[\/\\+#$'"`]/.test(given));
    assert(!given.startsWith("-") && !given.startsWith("."));
    assertEquals(publishTopicError(topics.task(given)), undefined);
  },
);

Deno.test("a topic that a broker would close the connection over is refused", () => {
  const closing = ["a\u0001b", "a\u007f", "a\u0085", "a\uffff", "a\ufdd0", "\u{1fffe}", "a/".repeat(100)];
  for (const topic of closing) {
    assertNotEquals(publishTopicError(topic), undefined, JSON.stringify(topic));
    assertNotEquals(filterError(topic), undefined, JSON.stringify(topic));
  }
  assertEquals(publishTopicError("ä/€/\u{1f600}/ /\ufeff"), undefined);
  assertEquals(publishTopicError("a/".repeat(99) + "a"), undefined);
});
