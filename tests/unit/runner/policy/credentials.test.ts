import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { checkCredentials, readLogin } from "../../../../runner/policy/credentials.ts";
import { parsePolicy } from "../../../../runner/policy/parse.ts";

async function withFile(text: string, mode: number, work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "agentflow-test-" });
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, mode);
  await work(path);
  await Deno.remove(path);
}

Deno.test("the password is the only line of a file that nobody else can read", async () => {
  await withFile("correct horse\n", 0o600, async (password_file) => {
    assertEquals(await readLogin({ username: "agents", password_file }), {
      username: "agents",
      password: "correct horse",
    });
  });
});

Deno.test("a password that others can read, or that a log could not be searched for, is refused without a quote", async () => {
  for (
    const [text, mode, expected] of [
      ["correct horse", 0o640, "makes it readable for others: chmod 600"],
      ["short", 0o600, "must have at least 8 characters"],
      ["two lines\nof text", 0o600, "more than one line"],
      ["x".repeat(70_000), 0o600, "longer than 65535 bytes"],
    ] as const
  ) {
    await withFile(text, mode, async (password_file) => {
      const { message } = await assertRejects(() => readLogin({ username: "a", password_file }), Error);
      assertStringIncludes(message, `agent_credentials: password_file ${password_file} cannot be used: `);
      assertStringIncludes(message, expected);
      assertEquals(message.includes(text), false);
    });
  }
});

Deno.test("every file that a policy names is looked at, whomever it is for", async () => {
  await withFile("correct horse", 0o600, async (path) => {
    const at = (password_file: string) => ({ agent_credentials: { username: "a", password_file } });
    const check = (policy: unknown) => checkCredentials(parsePolicy(JSON.stringify(policy), "p.json"));
    await check({ ...at(path), agents: { a: at(path), b: { agent_credentials: false } } });
    await assertRejects(() => check(at("/nowhere")), Error, "/nowhere cannot be used");
    await assertRejects(() => check({ agents: { a: at("/nowhere") } }), Error, "/nowhere cannot be used");
  });
});
