import { assertEquals, assertMatch } from "@std/assert";
import { SKEW_SECONDS } from "../../../../protocol/signing/decision.ts";
import { UsedTokens } from "../../../../runner/trust/used_tokens.ts";

async function inFolder(
  work: (open: (now?: number) => Promise<UsedTokens>, path: string, problems: string[]) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const path = `${dir}/used.jsonl`;
  const problems: string[] = [];
  const open = (now = 1000) => UsedTokens.open(path, () => now, (message) => problems.push(message));
  await work(open, path, problems);
  await Deno.remove(dir, { recursive: true });
}

const use = async (tokens: UsedTokens, id: string, exp: number, desired?: number) => {
  tokens.remember(id, exp, desired);
  await tokens.keep(id);
};

Deno.test("what has been used is known to the next process, until it has expired", async () => {
  await inFolder(async (open, path, problems) => {
    const first = await open();
    await use(first, "k/a", 2000);
    await use(first, "k/b", 3000);
    const second = await open(2000 + SKEW_SECONDS - 1);
    assertEquals([second.has("k/a"), second.has("k/b"), second.has("k/c")], [true, true, false]);
    const third = await open(2000 + SKEW_SECONDS);
    assertEquals([third.has("k/a"), third.has("k/b")], [false, true]);
    assertEquals((await Deno.readTextFile(path)).includes("k/a"), false);
    assertEquals(problems, []);
  });
});

Deno.test("the desired state in force is known beyond its time, until another is", async () => {
  await inFolder(async (open) => {
    await use(await open(), "k/a", 1100, 1000);
    const later = await open(9000);
    assertEquals([later.isInForce("k/a"), later.desiredSince], [true, 1000]);
    await use(later, "k/b", 9900, 9000);
    const last = await open(9000);
    assertEquals([last.isInForce("k/a"), last.isInForce("k/b"), last.has("k/a")], [false, true, false]);
  });
});

Deno.test("a line that a power cut has left unfinished is passed over; any other damage ends what was signed before", async () => {
  await inFolder(async (open, path, problems) => {
    await use(await open(), "k/a", 5000);
    await Deno.writeTextFile(path, '{"id":"k/b","ex', { append: true });
    const torn = await open();
    assertEquals([torn.has("k/a"), torn.resetAt, problems], [true, 0, []]);
    await use(torn, "k/c", 5000);
    await Deno.writeTextFile(path, "garbage\n", { append: true });
    const damaged = await open(1500);
    assertEquals([damaged.has("k/a"), damaged.resetAt], [false, 1500]);
    assertMatch(problems.join(), /damaged .* nothing signed before now is obeyed/);
    assertEquals((await open(1600)).resetAt, 1500);
  });
});

Deno.test("a disk that refuses is reported once, and what is used stays known to this process", async () => {
  await inFolder(async (open, path, problems) => {
    const tokens = await open();
    await Deno.remove(path);
    await Deno.mkdir(`${path}/in-the-way`, { recursive: true });
    await use(tokens, "k/a", 5000);
    await use(tokens, "k/b", 5000);
    assertEquals([tokens.has("k/a"), tokens.has("k/b")], [true, true]);
    assertEquals(problems.length, 1);
    await Deno.remove(path, { recursive: true });
    await use(tokens, "k/c", 5000);
    const next = await open();
    assertEquals(["k/a", "k/b", "k/c"].map((id) => next.has(id)), [true, true, true]);
  });
});
