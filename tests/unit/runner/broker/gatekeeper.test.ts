import { assertEquals } from "@std/assert";
import { discoveryTopic } from "../../../../protocol/home_assistant.ts";
import { nodeId } from "../../../../protocol/ids.ts";
import { hashPassword, type StoredUser } from "../../../../protocol/broker/users.ts";
import { Gatekeeper } from "../../../../runner/broker/gatekeeper.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const HASH = await hashPassword(bytes("right"));

class Scene {
  nowMs = 0;
  readonly said: string[] = [];
  readonly users = new Map<string, StoredUser>([
    ["me", { name: "me", role: "operator", migrate: false, hash: HASH }],
    ["attic", { name: "attic", role: "node", migrate: false, hash: HASH }],
  ]);
  readonly gate = new Gatekeeper({
    users: () => Promise.resolve(this.users),
    own: { name: "hall", password: "own" },
    data: ["sensors/#"],
    homeAssistant: undefined,
    nowMs: () => this.nowMs,
    say: (message) => this.said.push(message),
  });

  async admit(name: string | undefined, password = "right", id = "x") {
    const client = { id };
    return await this.gate.admit(client, name, bytes(password)) ? client : undefined;
  }
}

Deno.test("who has the password is let in, and nobody else", async () => {
  const scene = new Scene();
  const isIn = async (name: string | undefined, password?: string) =>
    await scene.admit(name, password) !== undefined;
  assertEquals([await isIn("me"), await isIn("me"), await isIn("me", "wrong"), await isIn("me", "")], [
    true,
    true,
    false,
    false,
  ]);
  assertEquals([await isIn("nobody"), await isIn(undefined), await isIn("hall"), await isIn("hall", "own")], [
    false,
    false,
    false,
    true,
  ]);
  scene.users.delete("me");
  assertEquals(await isIn("me"), false);
});

Deno.test("users have sessions of their own, whatever client id they choose", async () => {
  const scene = new Scene();
  const [me, attic, again] = [await scene.admit("me"), await scene.admit("attic"), await scene.admit("me")];
  assertEquals([me?.id === attic?.id, me?.id === again?.id], [false, true]);
});

Deno.test("who was not let in may do nothing; others what their role may", async () => {
  const scene = new Scene();
  const [me, attic] = [await scene.admit("me"), await scene.admit("attic")];
  const may = (client: object = {}) => [
    scene.gate.mayPublish(client, "nodes/hall/spawn"),
    scene.gate.maySubscribe(client, "nodes/attic/spawn"),
  ];
  assertEquals([may(me), may(attic), may({ id: "stranger" })], [[true, true], [false, true], [false, false]]);
});

Deno.test("a refusal is said once in a while", async () => {
  const scene = new Scene();
  for (let n = 0; n < 3; n++) await scene.admit(undefined);
  assertEquals(scene.said.length, 1);
  scene.nowMs = 61_000;
  await scene.admit(undefined);
  assertEquals(scene.said.length, 2);
});

Deno.test("many refusals silence no later one, and each is short", async () => {
  const scene = new Scene();
  const me = await scene.admit("attic") ?? {};
  for (let n = 0; n < 2000; n++) scene.gate.mayPublish(me, `nodes/hall/${n}`);
  assertEquals(scene.said.length, 1000);
  scene.nowMs = 61_000;
  scene.gate.mayPublish(me, `nodes/hall/${"x".repeat(60_000)}`);
  assertEquals([scene.said.length, (scene.said.at(-1)?.length ?? 0) < 500], [1001, true]);
});

Deno.test("of a client, short topics alone are remembered: 1000 of the longest take 64 MiB", async () => {
  let looks = 0;
  const group = {
    reason: "",
    get rules() {
      looks += 1;
      return [{ access: "write", filter: "a/#" }] as const;
    },
  };
  const gate = new Gatekeeper({
    users: () => Promise.resolve(new Map()),
    own: { name: "hall", password: "own" },
    bridge: { name: "bridge", password: "own", rules: [group] },
    data: [],
    homeAssistant: undefined,
    nowMs: () => 0,
    say: () => {},
  });
  const client = { id: "x" };
  await gate.admit(client, "bridge", bytes("own"));
  const may = (topic: string) => [gate.mayPublish(client, topic), gate.mayPublish(client, topic), looks];
  assertEquals(may("a/short"), [true, true, 1]);
  assertEquals(may(`a/${"x".repeat(2000)}`), [true, true, 3]);
});

Deno.test("nodes announce themselves to Home Assistant where it has a user, and nowhere else", async () => {
  const scene = new Scene();
  const topic = discoveryTopic("homeassistant", nodeId("attic"));
  const mayAnnounce = async () => scene.gate.mayPublish(await scene.admit("attic") ?? {}, topic);
  assertEquals(await mayAnnounce(), false);
  scene.users.set("ha", { name: "ha", role: "home-assistant", migrate: false, hash: HASH });
  assertEquals(await mayAnnounce(), true);
});
