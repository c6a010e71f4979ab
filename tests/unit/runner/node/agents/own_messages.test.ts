/** What agents of a node get of what the node publishes: once, at once, in order, whatever breaks meanwhile. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { own, OwnMessages, type Step, STEPS } from "../../../../support/own_messages.ts";

type Publish = { readonly by: "own" | "other"; readonly text: string; readonly retain: boolean };
type Action = Step | "publish" | "publish elsewhere" | "subscribe";

const CUTS: readonly Action[] = ["main breaks", "line breaks"];

/** Any order of steps, with publishing about as often as all that carries it on. */
function histories(without: readonly Action[] = []): fc.Arbitrary<Action[]> {
  const often: Action[] = ["publish", "send", "broker reads", "acknowledge", "deliver"];
  const actions = [...STEPS, ...often, "publish elsewhere" as const].filter((one) => !without.includes(one));
  return fc.array(fc.constantFrom(...actions), { maxLength: 60 });
}

/** Each publish gets the next number, or one of few texts. */
function live(history: readonly Action[], texts?: readonly string[]) {
  const world = new OwnMessages();
  world.subscribe();
  world.take("main is up");
  world.take("line is up");
  world.take("broker subscribes");
  const published: Publish[] = [];
  for (const action of history) {
    if (action === "subscribe") world.subscribe();
    else if (action === "publish" || action === "publish elsewhere") {
      const number = published.length;
      const by = action === "publish" ? "own" : "other";
      const text = texts?.[number % texts.length] ?? `${by} ${number}`;
      const retain = by === "own" && number % 3 === 0;
      published.push({ by, text, retain });
      if (by === "own") world.publish(retain ? "kept" : "t", text, retain);
      else world.publishElsewhere("t", text);
    } else world.take(action);
  }
  world.settle();
  const textsBy = (by: Publish["by"]) => published.filter((one) => one.by === by).map(({ text }) => text);
  return { world, own: textsBy("own"), got: world.got()[0] ?? [], foreign: world.foreign };
}

/** The law for messages that can be told apart. */
function isExact(history: readonly Action[]): void {
  const { own, got, foreign } = live(history);
  assertEquals(got.filter((text) => text.startsWith("own")), own);
  assertEquals(got.filter((text) => text.startsWith("other")), [...foreign]);
}

Deno.test("an agent gets each message of its node once and in order, and each of others that the broker sends", () => {
  fc.assert(fc.property(histories(), isExact), { numRuns: 2000 });
});

Deno.test("so it is after every short history of a message that is under way", () => {
  const run = (history: readonly Action[], more: number): void => {
    isExact(history);
    if (more > 0) { for (const step of STEPS) run([...history, step], more - 1); }
  };
  run(["publish", "send"], 4);
});

const count = (texts: readonly string[], text: string) => texts.filter((one) => one === text).length;

Deno.test("the same bytes from others are theirs, message by message, as long as nothing breaks", () => {
  fc.assert(
    fc.property(histories(CUTS), (history) => {
      const { own, got, foreign } = live(history, ["on", "off"]);
      for (const text of ["on", "off"]) {
        assertEquals(count(got, text), count(own, text) + count(foreign, text));
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("whatever breaks, the same bytes never come more often than they were published", () => {
  fc.assert(
    fc.property(histories(["line breaks"]), (history) => {
      const { own, got, foreign } = live(history, ["on", "off"]);
      for (const text of ["on", "off"]) {
        assert(count(got, text) >= count(own, text));
        assert(count(got, text) <= count(own, text) + count(foreign, text));
      }
    }),
    { numRuns: 1000 },
  );
});

/** What the broker had kept comes after the acknowledgement of what is newer. */
const LATE_STATE: Action[] = [
  ...["subscribe", "publish", "main is up", "line is up", "broker subscribes"] as const,
  ...["send", "broker reads", "acknowledge", "deliver"] as const,
];

/** What the broker had kept comes again on the next connection. */
const SAME_STATE: Action[] = ["subscribe", "line is up", "broker subscribes", "deliver", "line breaks"];

Deno.test("on a topic that is kept nobody ever gets what is older, or anything twice; the last state reaches all", () => {
  const actions: Action[] = [...STEPS, "publish", "publish", "send", "broker reads", "deliver", "subscribe"];
  /** What an earlier process has left. */
  const left = [own("left", "1", true), own("plain", "1", false)];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...actions), { maxLength: 60 }), fc.boolean(), (history, isLeft) => {
      const world = new OwnMessages(isLeft ? left : []);
      for (const topic of ["new", "left"]) world.publishElsewhere(topic, "0", true);
      let number = 0;
      for (const action of history) {
        if (action === "subscribe") world.subscribe();
        else if (action === "publish") world.publish("new", `${++number}`, true);
        else if (action !== "publish elsewhere") world.take(action);
      }
      world.subscribe();
      world.settle();
      for (const [topic, last] of [["new", number], ["left", Number(isLeft)]] as const) {
        for (const got of world.got(topic)) {
          const numbers = got.map(Number);
          assertEquals(numbers.at(-1), last);
          assertEquals(numbers, [...new Set(numbers)].sort((a, b) => a - b));
        }
      }
      assertEquals(world.got("plain").flat(), []);
    }),
    { numRuns: 3000, examples: [[LATE_STATE, false], [SAME_STATE, false]] },
  );
});
