/** The planner takes a sentence when all of it has a meaning, and says so when not. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { isDeepStrictEqual as equal } from "node:util";
import { FORMS, inWords, type Understanding } from "../../../../operator/planner/plan.ts";
import { understand } from "../../../../operator/planner/understand.ts";
import { configFromTemplate } from "../../../../operator/templates/catalog.ts";

type Sentence = { readonly say: string } & Understanding;

const CORPUS: readonly Sentence[] = (await Deno.readTextFile(
  new URL("../../../fixtures/sentences.jsonl", import.meta.url),
)).trim().split("\n").map((line) => JSON.parse(line));

interface Colloquial {
  readonly say: string;
  readonly kind: Understanding["kind"];
  readonly plan?: unknown;
}

const COLLOQUIAL: readonly Colloquial[] = (await Deno.readTextFile(
  new URL("../../../fixtures/colloquial.jsonl", import.meta.url),
)).trim().split("\n").map((line) => JSON.parse(line));

Deno.test("the corpus has at least a hundred sentences, and a third of them must not be understood", () => {
  assert(CORPUS.length >= 100);
  assert(CORPUS.filter(({ kind }) => kind === "not_understood").length >= CORPUS.length / 3);
  assertEquals(new Set(CORPUS.map(({ say }) => say)).size, CORPUS.length);
});

Deno.test("every sentence of the corpus has the expected plan, or none", () => {
  for (const { say, ...expected } of CORPUS) assertEquals(understand(say), expected, say);
});

Deno.test("a plan survives what changes no meaning", () => {
  for (const { say, ...expected } of CORPUS) {
    if (expected.kind === "not_understood" || say.includes("please")) continue;
    for (
      const variant of [
        `  ${say} `,
        `please ${say}`,
        `${say}.`,
        say.replaceAll(" ", "  "),
        `${say.replace(/[?.!]+$/, "")}, please`,
      ]
    ) {
      assertEquals(understand(variant), expected, variant);
    }
  }
});

Deno.test("an unknown word is never skipped", () => {
  for (const { say, kind } of CORPUS) {
    if (kind === "not_understood") continue;
    for (const words of ["unless it rains", "not", "xyzzy"]) {
      for (const variant of [`${say.replace(/[?.!]+$/, "")} ${words}`, `${words} ${say}`]) {
        assertEquals(understand(variant).kind, "not_understood", variant);
      }
    }
  }
});

Deno.test("every plan to spawn can be carried out by its template, and is told in words", () => {
  for (const sentence of CORPUS) {
    if (sentence.kind === "not_understood") continue;
    const { plan } = sentence;
    assertMatch(inWords(plan), /^[A-Z].{8,}$/);
    for (const each of plan.kind === "several" ? plan.plans : [plan]) {
      if (each.kind === "spawn") configFromTemplate(each.template, each.parameters);
    }
  }
});

/** What becomes of sentences as people say them. `wrong`: another plan than they meant, or one where none was. */
function measured(): Record<"right" | "refused" | "wrong", string[]> {
  const table: ReturnType<typeof measured> = { right: [], refused: [], wrong: [] };
  for (const { say, kind, plan } of COLLOQUIAL) {
    const understanding = understand(say);
    if (understanding.kind === "not_understood") (kind === "plan" ? table.refused : table.right).push(say);
    else (equal(understanding.plan, plan) ? table.right : table.wrong).push(say);
  }
  return table;
}

Deno.test("of a hundred colloquial sentences nine in ten are understood, and none as something else", () => {
  const { right, refused, wrong } = measured();
  // deno-lint-ignore no-console -- a figure is told
  console.log(
    `colloquial: ${right.length} right, ${refused.length} refused, ${wrong.length} wrong: ${
      refused.join("; ")
    }`,
  );
  assertEquals(wrong, []);
  assert(right.length / COLLOQUIAL.length >= 0.9, `${right.length} of ${COLLOQUIAL.length}`);
  assert(COLLOQUIAL.length >= 90);
});

Deno.test("a time of day is a clear no, and an interval is none", () => {
  for (
    const time of [
      "every night",
      "once a day at 8",
      "on monday",
      "tomorrow",
      "weekly",
      "at 8:30 am",
      "in 10 minutes",
    ]
  ) {
    const understood = understand(`run a cpu agent on hall ${time}`);
    assertMatch(understood.kind === "not_understood" ? understood.reason : "", /at an interval/, time);
  }
  for (const interval of ["once a day", "daily", "every 24 hours", "hourly"]) {
    assertEquals(understand(`run a cpu agent on hall ${interval}`).kind, "plan", interval);
  }
});

Deno.test("names are never respelled", () => {
  for (const name of ["stpo", "temprature", "sensr", "agnet", "nodse", "mvoe"]) {
    assertEquals(understand(`stop ${name}`), { kind: "plan", plan: { kind: "stop", agent: name } });
    const spawned = understand(`spwan a temprature sensor on ${name}`);
    assertEquals(spawned.kind === "plan" && spawned.plan.kind === "spawn" && spawned.plan.node, name);
  }
});

Deno.test("what the planner says it can do, it can", () => {
  for (const line of FORMS) {
    for (const form of line.split(" · ")) {
      const said = form.replaceAll("USER@HOST", "pi@host").replaceAll("HOST", "host").replaceAll(
        "NODE",
        "edge-1",
      )
        .replaceAll("AGENT", "counter").replaceAll("NAME", "attic").replaceAll("PATH", "x");
      assertEquals(understand(said).kind, "plan", said);
    }
  }
});

Deno.test("no sentence, however odd, is more than not understood", () => {
  for (
    const odd of [
      "",
      "   ",
      "🚪",
      "deploy",
      "deploy ".repeat(400),
      "\u0000stop x",
      "stop \u202Ex",
      "a".repeat(5000),
    ]
  ) {
    assertEquals(understand(odd).kind, "not_understood", odd.slice(0, 40));
  }
});
