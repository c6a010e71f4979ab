import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { filterError, filterMatches, publishTopicError } from "../../../../../protocol/topics.ts";
import { FilterIndex } from "../../../../../runner/node/agents/filter_index.ts";
import { holds } from "../../../../support/fuzz.ts";

const name = fc.constantFrom("", "a", "b", "$s");
const topics = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const filters = fc.tuple(
  fc.array(fc.oneof(name, fc.constant("+")), { maxLength: 4 }),
  fc.constantFrom([], ["#"]),
).map(([names, end]) => [...names, ...end].join("/"));

holds(
  "an index finds exactly the filters that match, and forgets those that are taken out",
  fc.tuple(fc.array(filters, { maxLength: 12 }), topics, fc.nat({ max: 12 })),
  ([all, topic, kept]) => {
    fc.pre(publishTopicError(topic) === undefined || topic.startsWith("$"));
    const valid = all.filter((filter) => filterError(filter) === undefined);
    const index = new FilterIndex<number>();
    valid.forEach((filter, n) => index.add(filter, n));
    const expected = (from: number) =>
      valid.flatMap((filter, n) => n < from && filterMatches(filter, topic) ? [n] : []);
    const found = () => index.matching(topic).toSorted((a, b) => a - b);
    assertEquals(found(), expected(valid.length));
    valid.forEach((filter, n) => n >= kept && index.remove(filter, n));
    assertEquals(found(), expected(kept));
    valid.forEach((filter, n) =>
      assertEquals(index.has(filter), valid.slice(0, kept).includes(filter), `${n}`)
    );
  },
  500,
);

Deno.test("two filters overlap when a topic is matched by both, and not otherwise", () => {
  const levels = ["a", "b", "+", "#", "$x"];
  const filters = levels.flatMap((one) => [
    one,
    ...levels.flatMap((two) => [`${one}/${two}`, ...levels.map((three) => `${one}/${two}/${three}`)]),
  ]).filter((filter) => filterError(filter) === undefined);
  const names = ["a", "b", "c", "$x"];
  const topics = names.flatMap((one) => [
    one,
    ...names.flatMap((two) => [
      `${one}/${two}`,
      ...names.flatMap((three) => [`${one}/${two}/${three}`, `${one}/${two}/${three}/d`]),
    ]),
  ]);
  const matched = new Map(
    filters.map((filter) => [filter, topics.filter((topic) => filterMatches(filter, topic))]),
  );
  for (const one of filters) {
    const index = new FilterIndex<number>();
    index.add(one, 1);
    for (const other of filters) {
      const both = matched.get(one)?.some((topic) => matched.get(other)?.includes(topic));
      assertEquals(index.overlaps(other), both, `${one} and ${other}`);
    }
  }
});
