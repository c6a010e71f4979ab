/** The dashboard as its own process, as an operator starts it. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ChatClient } from "../support/chat_client.ts";
import { ModelServer } from "../support/model_server.ts";
import { until } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../operator/dashboard/main.ts", import.meta.url));

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("one command starts a broker and a dashboard of it, and a signal ends both with 0", async () => {
  const port = freePort();
  const child = start("--broker", "embedded", "--port", String(port), "--http-port", "0");
  const reader = child.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  const [, url = ""] = /^The dashboard is at (http:\/\/127\.0\.0\.1:\d+\/)\n$/.exec(said) ?? [];
  await using bus = await Bus.connect(port);
  await bus.publish("nodes/somewhere/heartbeat", { node: "somewhere", agents: [] });
  let names: string[] = [];
  await until("the node is shown", async () => {
    const { nodes } = await (await fetch(`${url}api/nodes`)).json();
    names = nodes.map(({ name }: { name: string }) => name);
    if (names.length === 0) await bus.publish("nodes/somewhere/heartbeat", { node: "somewhere", agents: [] });
    return names.length > 0;
  });
  assertEquals(names, ["somewhere"]);
  child.kill("SIGTERM");
  await reader.cancel();
  assertEquals((await child.status).code, 0);
  assertStringIncludes(
    await new Response(child.stderr).text(),
    "It is read-only: start it with --allow-control",
  );
});

Deno.test("the model of the flags plans in the chat, with the key out of its file", async () => {
  await using model = new ModelServer([{ text: "I am the model." }]);
  const keyFile = await Deno.makeTempFile();
  await Deno.writeTextFile(keyFile, "sk-of-the-file\n");
  await Deno.chmod(keyFile, 0o600);
  const child = start(
    ...["--broker", "embedded", "--port", String(freePort()), "--http-port", "0", "--allow-control"],
    ...["--model", "scripted", "--model-url", model.url, "--model-key-file", keyFile],
  );
  const reader = child.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  const [url = ""] = /http:\S+/.exec(said) ?? [];
  {
    await using chat = await ChatClient.open(url);
    await chat.say("who are you?");
    assertStringIncludes(chat.text, "I am the model.");
  }
  assertEquals(model.requests[0]?.authorization, "Bearer sk-of-the-file");
  child.kill("SIGTERM");
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals([(await child.status).code, stderr.includes("sk-of-the-file")], [0, false]);
  await Deno.remove(keyFile);
});

Deno.test("a port that is taken, and a flag that is wrong, are said in one line", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const busy = await start("--http-port", String(taken.addr.port)).output();
  const words = new TextDecoder().decode(busy.stderr);
  assertEquals(busy.code, 1);
  assertMatch(
    words,
    /^dashboard: Cannot listen on 127\.0\.0\.1:\d+: the port is in use\. Choose another with --http-port\n$/,
  );
  const wrong = await start("--listen", "0.0.0.0").output();
  assertEquals(wrong.code, 2);
  assertMatch(
    new TextDecoder().decode(wrong.stderr),
    /^dashboard: --listen 0\.0\.0\.0 lets other machines in, and they must show a token: .*\n$/,
  );
});
