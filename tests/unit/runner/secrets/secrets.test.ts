import { assertEquals, assertThrows } from "@std/assert";
import { parseSecrets, Secrets } from "../../../../runner/secrets/secrets.ts";

const one = (name: string, value: string) => JSON.stringify({ [name]: { value, agents: ["meter-*"] } });

Deno.test("a secret's name is a word, and its value long enough to be found in a log", () => {
  const withSize = (chars: number) => () => parseSecrets(one("A", "x".repeat(chars)));
  for (const chars of [8, 65_536]) assertEquals(withSize(chars)().size, 1);
  for (const chars of [0, 7, 65_537]) assertThrows(withSize(chars), Error, "A value must");
  for (const name of ["", "a-b", "a b", "ä", "x".repeat(129), "a\nb"]) {
    assertThrows(() => parseSecrets(one(name, "long enough")), Error, "a name must be 1 to 128");
  }
});

Deno.test("a secret is granted to the agents that the file names, and only when they ask for it", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, one("A", "long enough"), { mode: 0o600 });
    const secrets = await Secrets.open(path, () => {});
    const granted = async (agent: string, names: string[]) => {
      const { values, denied } = await secrets.grant(agent, names);
      return [[...values.keys()], denied];
    };
    assertEquals(await granted("meter-1", ["A", "B"]), [["A"], ["B"]]);
    assertEquals(await granted("meter-1", []), [[], []]);
    assertEquals(await granted("other", ["A", "__proto__"]), [[], ["A", "__proto__"]]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a new file that cannot be used changes nothing, and is told", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, one("A", "the old value"), { mode: 0o600 });
    const problems: string[] = [];
    const secrets = await Secrets.open(path, (problem) => problems.push(problem));
    const value = async () => (await secrets.grant("meter-1", ["A"])).values.get("A");
    await Deno.writeTextFile(path, `${one("A", "a new value")} and more`);
    assertEquals([await value(), problems.length], ["the old value", 1]);
    await Deno.writeTextFile(path, one("A", "the newest value"));
    assertEquals(await value(), "the newest value");
  } finally {
    await Deno.remove(path);
  }
});
