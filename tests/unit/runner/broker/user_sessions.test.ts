import { assertEquals } from "@std/assert";
import mqtt from "mqtt";
import { hashPassword } from "../../../../protocol/broker/users.ts";
import { startEmbeddedBroker } from "../../../../runner/broker/embedded.ts";
import { Gatekeeper } from "../../../../runner/broker/gatekeeper.ts";

const PASSWORD = "right";

Deno.test("the session of a user, and what waits for it, outlive the embedded broker", async () => {
  const hash = await hashPassword(new TextEncoder().encode(PASSWORD));
  const users = new Map(
    ["reader", "other"].map((name) => [name, { name, role: "agents" as const, migrate: false, hash }]),
  );
  const gate = new Gatekeeper({
    users: () => Promise.resolve(users),
    own: { name: "hall", password: "own" },
    data: ["t"],
    homeAssistant: undefined,
    nowMs: () => 0,
    say: () => {},
  });
  const dir = await Deno.makeTempDir();
  const connect = async (port: number, username: string) => {
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
      ...{ username, password: PASSWORD, clientId: "the same", clean: false, reconnectPeriod: 0 },
    });
    const message = new Promise<string>((resolve) => {
      client.once("message", (_topic, payload) => resolve(payload.toString()));
    });
    const isKept = await new Promise<boolean>((resolve, reject) => {
      client.once("connect", ({ sessionPresent }) => resolve(sessionPresent)).once("error", reject);
    });
    return { client, message, isKept };
  };
  {
    const broker = await startEmbeddedBroker({ port: 0, dir, gate });
    const reader = await connect(broker.port, "reader");
    await reader.client.subscribeAsync("t", { qos: 1 });
    await reader.client.endAsync();
    const other = await connect(broker.port, "other");
    await other.client.publishAsync("t", "waits", { qos: 1 });
    await other.client.endAsync();
    await broker.close();
  }
  const broker = await startEmbeddedBroker({ port: 0, dir, gate });
  const reader = await connect(broker.port, "reader");
  assertEquals(reader.isKept, true);
  assertEquals(await reader.message, "waits");
  await reader.client.endAsync();
  await broker.close();
  await Deno.remove(dir, { recursive: true });
});
