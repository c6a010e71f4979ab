/** A secret reaches the agent it is granted to, and nobody else: not the bus, not the disk, not a log. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { readAudit } from "../support/signing.ts";
import { Stage } from "../support/stage.ts";

const TOKEN = 'tok"en\\with/odd chars-4711';
const PEM = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIGZvb2Jhcg==\n-----END KEY-----";

async function secretsFile(dir: string, name = "secrets.json"): Promise<string> {
  const path = `${dir}/${name}`;
  const secrets = {
    TOKEN: { value: TOKEN, agents: ["leaky*", "mover"] },
    PEM: { value: PEM, agents: ["leaky"] },
    OTHERS: { value: "not for this agent", agents: ["somebody"] },
  };
  await Deno.writeTextFile(path, JSON.stringify(secrets), { mode: 0o600 });
  return path;
}

/** Everything below a folder, as one text. What a running node has just renamed is read under its new name. */
async function everythingIn(dir: string): Promise<string> {
  let all = "";
  for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
    if (isDirectory) all += await everythingIn(`${dir}/${name}`);
    else if (isFile && !name.endsWith(".tmp")) {
      all += new TextDecoder().decode(await Deno.readFile(`${dir}/${name}`));
    }
  }
  return all;
}

/** Tries to be rid of its secrets by every way there is. */
const LEAKY = `
async function setup(agent) {
  const token = agent.secret("TOKEN"), pem = agent.secret("PEM");
  await agent.log("log " + token);
  await agent.alert(token + " alert");
  console.log("console", { token, pem });
  await Deno.stderr.write(new TextEncoder().encode("raw stderr " + pem + " " + token + "\\n"));
  await Deno.stdout.write(new TextEncoder().encode("raw stdout " + token + "\\n"));
  await agent.publish("leak/text", token);
  await agent.publish("leak/json", { token, list: [pem], [token]: 1, quoted: JSON.stringify({ token }) });
  await agent.publish("leak/bytes", new TextEncoder().encode(pem));
  await agent.publish("leak/" + encodeURIComponent(token), "in a topic");
  await agent.publish_result({ token });
  await agent.publish_detection([token]);
  await agent.set_status("status " + token);
  for (const name of ["OTHERS", "NEVER", "UNASKED"]) {
    try { agent.secret(name); } catch (error) { await agent.log(error.message); }
  }
  try { agent.persist("k", { token }); } catch (error) { await agent.log(error.message); }
  await agent.log("length " + token.length);
}
function handle_task(agent, payload) {
  if (payload === "throw") throw new Error("task " + agent.secret("TOKEN"));
  if (payload === "crash") setTimeout(() => { throw new Error("uncaught " + agent.secret("PEM")); }, 0);
  return { token: agent.secret("TOKEN") };
}
function process(agent) { throw new Error("process " + agent.secret("TOKEN")); }`;

Deno.test("an agent that tries to give its secrets away says only their names", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-secrets-" });
  const path = await secretsFile(dir);
  {
    await using stage = await Stage.set({ args: ["--secrets", path, "--loglevel", "DEBUG"] });
    const leaky = await stage.spawn({
      name: "leaky",
      code: LEAKY,
      secrets: ["TOKEN", "PEM", "OTHERS", "NEVER"],
      restart_delay: 0.05,
    });
    await leaky.logged(`length ${TOKEN.length}`);
    await leaky.logged("log ‹TOKEN›");
    await leaky.on("alert", (json) => json.message === "‹TOKEN› alert");
    await leaky.logged("raw stdout ‹TOKEN›");
    await leaky.on("logs", (json) => json.message.includes("‹PEM› ‹TOKEN›"));
    await leaky.logged('Cannot persist "k": it contains the secret TOKEN');
    await leaky.logged("No secret OTHERS: it is not granted to 'leaky' on test-node");
    await leaky.logged("No secret NEVER: it is not granted to 'leaky' on test-node");
    await leaky.logged(
      'No secret UNASKED: the spawn config does not ask for it: add it to its list "secrets"',
    );
    await leaky.on(
      "errors",
      (json) => json.error === "Secrets not granted to 'leaky' on test-node: OTHERS, NEVER",
    );
    await leaky.on("errors", (json) => json.phase === "process" && json.error.includes("process ‹TOKEN›"));
    assertEquals((await leaky.task("hello")).token, "‹TOKEN›");
    assertStringIncludes((await leaky.task("throw")).error, "task ‹TOKEN›");
    const crashed = leaky.on("errors", (json) => json.phase === "supervisor");
    await stage.bus.publish("agents/by-name/leaky/task", { payload: "crash" });
    await crashed;
    await stage.command("list", {});
    await stage.command("stop", { name: "leaky" });
    const heard = stage.bus.messages.map(({ topic, text }) => `${topic} ${text}`).join("\n");
    const audit = await readAudit(stage.node.stateDir, "test-node");
    const launched = audit.find(({ event }) => event === "launched");
    assertEquals(launched?.secrets, ["TOKEN", "PEM", "OTHERS", "NEVER"]);
    const kept = await everythingIn(stage.node.stateDir);
    const said = stage.node.stderr.join("\n");
    for (const [where, text] of Object.entries({ heard, kept, said })) {
      for (const part of ["odd chars-4711", "odd%20chars-4711", "MC4CAQAwBQYDK2Vw", "BCIEIGZvb2Jhcg"]) {
        const at = text.indexOf(part);
        assertEquals(at, -1, `${where}: …${text.slice(Math.max(0, at - 200), at + 50)}`);
      }
    }
    assertEquals(stage.bus.all("leak/bytes")[0]?.text, "‹PEM›");
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a secret does not move with its agent: the file of the node it moves to decides", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-secrets-" });
  const path = await secretsFile(dir);
  const other = `${dir}/other.json`;
  await Deno.writeTextFile(other, JSON.stringify({ TOKEN: { value: "another value", agents: ["*"] } }), {
    mode: 0o600,
  });
  {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await using a = await NodeProcess.start({ port: broker.port, name: "a", args: ["--secrets", path] });
    await using _b = await NodeProcess.start({ port: broker.port, name: "b", args: ["--secrets", other] });
    await Promise.all([bus.on("nodes/a/heartbeat"), bus.on("nodes/b/heartbeat")]);
    const code = `async function setup(agent) { await agent.publish("seen", agent.secret("TOKEN").length); }`;
    await a.spawn(bus, { name: "mover", code, secrets: ["TOKEN"] });
    assertEquals((await bus.on("seen")).json, TOKEN.length);
    const from = bus.mark();
    const moved = await bus.ask("nodes/a/migrate", { name: "mover", target_node: "b" });
    assertEquals(moved.json.success, true);
    assertEquals((await bus.on("seen", () => true, from)).json, "another value".length);
    assertEquals(bus.messages.filter(({ text }) => text.includes("4711") || text.includes("another")), []);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a secret that is replaced in the file is what the agent gets when it starts again", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-secrets-" });
  const path = await secretsFile(dir);
  {
    await using stage = await Stage.set({ args: ["--secrets", path] });
    const code = `async function setup(agent) { await agent.publish("seen", agent.secret("TOKEN").length); }`;
    await stage.spawn({ name: "leaky-2", code, secrets: ["TOKEN"] });
    assertEquals((await stage.bus.on("seen")).json, TOKEN.length);
    await Deno.writeTextFile(
      `${path}.new`,
      JSON.stringify({ TOKEN: { value: "0123456789", agents: ["leaky-2"] } }),
      {
        mode: 0o600,
      },
    );
    await Deno.rename(`${path}.new`, path);
    const from = stage.bus.mark();
    await stage.launch({ name: "leaky-2", code, secrets: ["TOKEN"], replace: true });
    assertEquals((await stage.bus.on("seen", () => true, from)).json, 10);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a secrets file that others can read stops the start, and no message quotes what is in it", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-secrets-" });
  const path = await secretsFile(dir);
  const start = async () => {
    await using node = await NodeProcess.start({ port: 1, name: "n", args: ["--secrets", path] });
    const { code } = await node.child.status;
    await node.end();
    assertEquals(code, 2);
    return node.stderr.join("\n");
  };
  await Deno.chmod(path, 0o640);
  assertMatch(await start(), /--secrets: .*its mode 640 makes it readable for others: chmod 600/);
  await Deno.chmod(path, 0o600);
  for (
    const [text, expected] of [
      ['{"A": hidden-value', /it is not JSON/],
      ['{"A": {"value": "hidden-value"}}', /A agents is missing/],
      ['{"A": {"value": "hidden-value", "agents": "all"}}', /A agents must be a list/],
      ['{"A": {"value": "short", "agents": []}}', /A value must have at least 8 characters/],
      ['{"A": {"value": "hidden-value", "agents": [], "hidden": 1}}', /A must have value and agents/],
    ] as const
  ) {
    await Deno.writeTextFile(path, text);
    const said = await start();
    assertMatch(said, expected);
    assertEquals(/hidden-value|short/.test(said), false, said);
  }
  await Deno.remove(dir, { recursive: true });
});
