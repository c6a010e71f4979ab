import { assert, assertEquals } from "@std/assert";
import { Groups, PARTS } from "../../../../runner/link/groups.ts";

const messages = (count: number) => Array.from({ length: count }, () => ({}));

Deno.test("a group that breaks is divided, until one message is left", () => {
  const groups = new Groups();
  const sizes: number[] = [];
  for (let underWay = 1024; underWay > 1; underWay = groups.size) {
    groups.broke(messages(underWay));
    sizes.push(groups.size);
  }
  assertEquals(sizes, [32, 1]);
});

Deno.test("once the suspects have passed, groups are as large as before; others prove nothing", () => {
  const groups = new Groups();
  const suspects = messages(3);
  groups.broke(suspects);
  for (const other of messages(5)) groups.passed(other);
  for (const suspect of suspects) {
    assertEquals(groups.size, 1);
    groups.passed(suspect);
  }
  assertEquals(groups.size, PARTS);
});

Deno.test("any number is found in few divisions", () => {
  for (let underWay = 1; underWay <= 2000; underWay++) {
    const groups = new Groups();
    let divisions = 0;
    for (let left = underWay; left > 1; left = groups.size, divisions++) groups.broke(messages(left));
    assert(divisions <= 3, `${underWay}: ${divisions}`);
  }
});
