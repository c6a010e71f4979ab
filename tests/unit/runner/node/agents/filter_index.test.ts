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
