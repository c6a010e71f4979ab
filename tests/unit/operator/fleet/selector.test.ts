/** Label selectors: which labels they choose, and what is none. */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { parseSelector, selects } from "../../../../operator/fleet/selector.ts";

for (
  const [selector, chosen] of [
    ["room=kitchen", ["a", "b"]],
    ["room==kitchen", ["a", "b"]],
    ["room=kitchen,!beta", ["a"]],
    ["room!=kitchen", ["c"]],
    ["beta", ["b"]],
    [" room = kitchen , beta = yes ", ["b"]],
    ["toString", []],
  ] as const
) {
  Deno.test(`the selector '${selector}' chooses ${chosen.join(", ") || "nothing"}`, () => {
    const nodes = { a: { room: "kitchen" }, b: { room: "kitchen", beta: "yes" }, c: {} };
    const parsed = parseSelector(selector);
    assertEquals(
      Object.entries(nodes).filter(([, labels]) => selects(parsed, labels)).map(([name]) => name),
      [...chosen],
    );
  });
}

Deno.test("what is no selector is refused, with how one looks", () => {
  for (const text of ["", "room=a,", "=a", "!room=a", "a b", "!"]) {
    assertThrows(() => parseSelector(text), ConfigError, "A label selector is such as room=kitchen");
  }
});
