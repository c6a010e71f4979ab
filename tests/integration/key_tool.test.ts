/** `agentflow key`: what it signs with a key it has made is obeyed, sent by anybody's client. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { actorId } from "../../protocol/ids.ts";
import { fingerprintOf } from "../../protocol/signing/statements.ts";
import { Stage } from "../support/stage.ts";

const CTL = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));

async function key(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", CTL, "key", ...args],
  })
    .output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("a key is made for its owner alone, shown without its private half, and signs what nodes obey", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-key-" });
  const file = `${dir}/me.json`;
  const made = await key("generate", "--kid", "me", file);
  assertEquals([made.code, made.err], [0, ""]);
  assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  const shown = await key("show", file, "--nodes", "test-*", "--commands", "spawn,stop_all");
  const entry = JSON.parse(shown.out);
  assertEquals([entry.nodes, entry.commands, Object.keys(entry.public)], [
    ["test-*"],
    ["spawn", "stop_all"],
    ["kty", "crv", "x"],
  ]);
  await Deno.writeTextFile(`${dir}/keys.json`, shown.out, { mode: 0o600 });
  await Deno.writeTextFile(`${dir}/spawn.json`, JSON.stringify({ name: "x", code: "function process() {}" }));
  {
    await using stage = await Stage.set({ args: ["--trust", `${dir}/keys.json`] });
    const sign = (...args: string[]) => key("sign", "--key", file, "--node", "test-node", ...args);
    const spawn = await sign("--command", "spawn", "--ttl", "30d", "--compact", `${dir}/spawn.json`);
    await stage.bus.publish("nodes/test-node/spawn", spawn.out.trim(), { retain: true });
    await stage.bus.on(`agents/${actorId("x")}/heartbeat`, (message) => message.json.state === "running");
    await stage.bus.publish("nodes/test-node/stop_all", (await sign("--command", "stop_all")).out.trim());
    assertEquals(await stage.node.exitCode(), 0);
  }
  const again = await key("generate", "--kid", "me", file);
  assertEquals([again.code, again.err], [2, `agentflow: Cannot write ${file}: it already exists\n`]);
  assertMatch(
    (await key("sign", "--key", file, "--node", "n", "--command", "fly")).err,
    /'--command <COMMAND>'.*'fly' is invalid/,
  );
  assertMatch(
    (await key("sign", "--key", file, "--node", "n", "--command", "stop", "--ttl", "1y")).err,
    /--ttl/,
  );
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a node is enrolled by the fingerprint that it has in its log, and by no other", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-key-" });
  const file = `${dir}/keys.json`;
  {
    await using stage = await Stage.set();
    const line = await stage.node.logged(/The key of node 'test-node' is SHA256:/);
    const fingerprint = /SHA256:\S+/.exec(line)?.[0] ?? "";
    const enrol = (...args: string[]) =>
      key("enrol", "--broker", `mqtt://127.0.0.1:${stage.broker.port}`, "--trust", file, ...args);
    assertMatch((await enrol("test-node")).err, /there is no one to ask: --fingerprint/);
    const wrong = await enrol("test-node", "--fingerprint", "SHA256:x");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.err, `has another key: ${fingerprint} in place of SHA256:x`);
    assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
    const enrolled = await enrol("test-node", "--fingerprint", fingerprint);
    assertEquals([enrolled.code, enrolled.out], [
      0,
      `Node 'test-node' is enrolled in ${file}: ${fingerprint}\n`,
    ]);
    const [entry, ...others] = JSON.parse(await Deno.readTextFile(file));
    assertEquals([entry.node, fingerprintOf(entry.public.x), others], ["test-node", fingerprint, []]);
    assertStringIncludes((await enrol("test-node")).out, "already enrolled");
    assertMatch((await enrol("nobody", "--timeout", "0.5")).err, /'nobody' has not announced its key/);
  }
  await Deno.remove(dir, { recursive: true });
});
