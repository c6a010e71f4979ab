/** Some editors put a byte-order mark in front of a text: in no file that people write is it a mistake. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { readProfile } from "../../operator/ctl/profile.ts";
import { readSpawnFile } from "../../operator/ctl/spawn_file.ts";
import { readToken } from "../../operator/dashboard/token_file.ts";
import { readKey } from "../../operator/signer.ts";
import { readAccess } from "../../protocol/broker/access_files.ts";
import { parseKeys } from "../../protocol/signing/keys.ts";
import { FileOfRecord } from "../../runner/files/local_file.ts";
import { readLogin } from "../../runner/policy/credentials.ts";
import { readPolicy } from "../../runner/policy/read.ts";
import { Secrets } from "../../runner/secrets/secrets.ts";
import { keyFileText, newKey } from "../support/signing.ts";

const MARK = "\ufeff";
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SECRET = "a-long-enough-secret";

Deno.test("files that people write may begin with a byte-order mark", async () => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, MARK + text, { mode: 0o600 });
    return path;
  };
  const nobodyWarned = (message: string) => assert(false, message);
  try {
    const key = await newKey("k");
    assertEquals((await readPolicy(await write("policy.json", '{"max_agents":7}'))).max_agents, 7);
    const secrets = await write("secrets.json", JSON.stringify({ S: { value: SECRET, agents: ["*"] } }));
    const { values } = await (await Secrets.open(secrets, nobodyWarned)).grant("a", ["S"]);
    assertEquals(values.get("S"), SECRET);
    const keys = await write("keys.json", keyFileText([{ key }]));
    const opened = await FileOfRecord.open(keys, "writable", parseKeys, nobodyWarned);
    assertEquals([...(await opened.current()).keys.keys()], ["k"]);
    assertEquals((await readKey(await write("key.json", JSON.stringify(key)), "--sign-key")).kid, "k");
    await write("agentflow/config.json", JSON.stringify({ profiles: { p: { broker: "b" } } }));
    assertEquals((await readProfile({ XDG_CONFIG_HOME: folder }, "p")).broker, "b");
    const spawn = await write("agent.json", JSON.stringify({ name: "a", code: "x" }));
    assertEquals((await readSpawnFile(spawn, {})).name, "a");
    assertEquals((await readSpawnFile(await write("b.ts", "x"), {})).code, "x");
    assertEquals((await readToken(await write("token", SECRET))).reveal(), SECRET);
    const password = await write("password", SECRET);
    assertEquals((await readLogin({ username: "u", password_file: password })).password, SECRET);
    const sources = { ca: undefined, cert: undefined, key: undefined, username: "u", password: undefined };
    const access = await readAccess({ ...sources, passwordFile: password }, nobodyWarned);
    assertEquals(access.password?.reveal(), SECRET);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** They read what programs have written. */
const OF_PROGRAMS = [
  "operator/release/",
  "operator/dashboard/server/page_files.ts",
  "operator/author/check_python.ts",
  "operator/ctl/chat/prompt.ts",
];

Deno.test("whatever operators' programs read of people is read without it", async () => {
  const found: string[] = [];
  for (const folder of ["operator", "runner/policy", "runner/secrets", "runner/trust", "protocol"]) {
    await walk(folder, found);
  }
  assertEquals(found, []);
});

async function walk(folder: string, found: string[]): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) await walk(path, found);
    else if (name.endsWith(".ts") && !OF_PROGRAMS.some((each) => path.startsWith(each))) {
      const source = await Deno.readTextFile(join(ROOT, path));
      if (/(?<!calls\([^\n]*)\bDeno\.readTextFile\(/.test(source)) found.push(path);
    }
  }
}
