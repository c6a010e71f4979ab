/** A node with `--trust` among other nodes, and one who reads and writes the bus, and holds no key. */
import { actorId } from "../../../protocol/ids.ts";
import {
  digestOf,
  offerText,
  placementText,
  presenceText,
  progressText,
} from "../../../protocol/signing/statements.ts";
import { packHandOver } from "../../../runner/node/migration/hand_over.ts";
import { testKey } from "../../support/identity.ts";
import type { Scene } from "../attack.ts";
import { type Field, GHOST } from "../field.ts";

type Json = Readonly<Record<string, unknown>>;

const THIEF = testKey("thief");
const scene = (id: string, tries: string, play: Scene["play"]): Scene => ({
  kind: "scene",
  id: `trust-${id}`,
  category: "trust",
  tries,
  play,
});

/** The strict node still answers. */
async function isThere({ bus }: Field): Promise<void> {
  await bus.ask("nodes/strict/list", {});
}

const heartbeat = scene(
  "heartbeat",
  "end a node by a heartbeat of its name with a huge uptime",
  async (field) => {
    const { bus } = field;
    const { json: own } = await bus.on("nodes/strict/heartbeat");
    const beat = { node: "strict", instance: "forged", uptime: 1e9, agents: [] };
    const presence = {
      to: own.instance,
      seal: THIEF.seal(presenceText("strict", "forged", own.instance, beat.uptime)),
    };
    const from = bus.mark();
    await bus.publish("nodes/strict/heartbeat", beat);
    await bus.publish("nodes/strict/heartbeat", { ...beat, presence });
    const { json } = await bus.on(
      "agents/strict/logs",
      ({ json }) => /without proof/.test(json?.message ?? ""),
      from,
    );
    await isThere(field);
    return json.message;
  },
);

/** What the strict node says of a spawn that hands an agent over. @throws Error unless it refuses it for that reason */
async function refusal({ bus }: Field, spawn: Json, code = "unproved_migration"): Promise<string> {
  const replyTopic = `hostile/${crypto.randomUUID()}`;
  await bus.publish("nodes/strict/spawn", { ...spawn, _reply_topic: replyTopic });
  const { json } = await bus.on(replyTopic);
  if (json.ok !== false || json.code !== code) throw new Error(JSON.stringify(json));
  return `${json.code}: ${json.error}`;
}

/** An agent of the ghost's, and the order to move it to the strict node. */
async function ordered({ owner }: Field, name: string) {
  const config = (code: string) => owner.sign("nodes/ghost/spawn", { name, code });
  const order = await owner.sign("nodes/ghost/migrate", { name, target_node: "strict" });
  const move = { id: crypto.randomUUID(), agent: name, from: "ghost", to: "strict" };
  const packed = async (key: typeof GHOST, older = false) =>
    (await packHandOver({
      move,
      config: { name, ...await config(older ? "const version = 1" : "const version = 2") },
      state: undefined,
      paused: false,
      box: undefined,
      order: String(order._jws),
      key,
    })).spawn;
  return { move, packed };
}

const stolen = scene(
  "stolen-spawn",
  "be first with a hand-over of one's own, an older config and a state",
  async (field) => {
    const { packed } = await ordered(field, "stolen");
    const { migration, ...older } = await packed(THIEF, true);
    for (const forged of [undefined, (migration as Json).hand_over]) {
      const spawn = { ...older, state: { n: 1 }, migration: { ...migration as Json, hand_over: forged } };
      await refusal(field, spawn);
    }
    // The order is still good for the node that it was given to.
    const from = field.bus.mark();
    await field.bus.publish("nodes/strict/spawn", await packed(GHOST));
    await field.bus.on(
      "agents/strict/logs",
      ({ json }) => json?.type === "spawned" && json.child_name === "stolen",
      from,
    );
    await field.owner.order("nodes/strict/stop", { name: "stolen" });
    return await refusal(field, { ...older, migration });
  },
);

const older = scene(
  "older-config",
  "put an older signed config, or a state, into a hand-over that is signed",
  async (field) => {
    const { packed } = await ordered(field, "older");
    const signed = await packed(GHOST);
    const old = await packed(THIEF, true);
    const migration = signed.migration as Json;
    await refusal(field, { ...signed, migration: { ...migration, sealed: "e30..a.b.c" } });
    await refusal(field, { ...signed, migration: { ...migration, paused: true } });
    return await refusal(field, { ...signed, _jws: old._jws });
  },
);

const replayed = scene("replayed-arrival", "replay an arrival that was obeyed", async (field) => {
  const { bus, owner } = field;
  const { packed } = await ordered(field, "replayed");
  const spawn = await packed(GHOST);
  const from = bus.mark();
  await bus.publish("nodes/strict/spawn", spawn);
  await bus.on(
    "nodes/ghost/migration",
    ({ json }) => json?.agent === "replayed" && json.arrived === true,
    from,
  );
  await owner.order("nodes/strict/stop", { name: "replayed" });
  return await refusal(field, spawn, "replayed");
});

/** Plays the ghost, which is not there: nothing it says is signed with the ghost's key. */
const played = scene(
  "played-target",
  "play a target that is away, so that an agent vanishes",
  async (field) => {
    const { bus, owner } = field;
    const name = "played";
    const topic = `agents/${actorId(name)}/heartbeat`;
    await owner.order("nodes/strict/spawn", { name, code: "function process() {}", poll_interval: 0.5 });
    await bus.on(topic, ({ json }) => json?.state === "running");
    await bus.publish("nodes/ghost/status", { node: "ghost", status: "online" }, { retain: true });
    const from = bus.mark();
    const moving = owner.order("nodes/strict/migrate", { name, target_node: "ghost" });
    const { json: { move: { id } } } = await bus.on(
      "nodes/ghost/list",
      ({ json }) => json?.move?.agent === name,
      from,
    );
    const move = { id, agent: name, from: "strict", to: "ghost" };
    const seal = THIEF.seal(offerText(move, THIEF.box, "free"));
    const offer = { id, agent: name, from: "strict", offer: "free", box: THIEF.box, seal };
    await bus.publish("nodes/ghost/agents", { node: "ghost", agents: [] });
    await bus.publish("nodes/ghost/agents", { node: "ghost", agents: [], offer });
    await bus.publish(topic, { name, node: "ghost", state: "running" });
    const report = { id, agent: name, from: "ghost", query: true, arrived: true, progress: "arrived" };
    const text = progressText(move, digestOf(""), "arrived", "");
    await bus.publish("nodes/strict/migration", {
      ...report,
      hand_over: digestOf(""),
      seal: THIEF.seal(text),
    });
    const { json } = await moving;
    await bus.publish("nodes/ghost/status", "", { retain: true });
    const { json: { agents } } = await bus.ask("nodes/strict/list", {});
    await owner.order("nodes/strict/stop", { name });
    if (json.ok !== false || !agents.some((agent: Json) => agent.name === name)) {
      throw new Error(JSON.stringify(json));
    }
    return json.error;
  },
);

const stranger = scene(
  "stranger",
  "be the target of a move under a name that nobody has enrolled",
  async (field) => {
    const { owner } = field;
    await owner.order("nodes/strict/spawn", { name: "homebody", code: "function process() {}" });
    const { json } = await owner.order("nodes/strict/migrate", { name: "homebody", target_node: "nowhere" });
    await owner.order("nodes/strict/stop", { name: "homebody" });
    return json.error;
  },
);

const outranked = scene(
  "placement",
  "end an agent by a heartbeat of a later placement of it",
  async (field) => {
    const { bus, owner } = field;
    const name = "outranked";
    const topic = `agents/${actorId(name)}/heartbeat`;
    await owner.order("nodes/strict/spawn", { name, code: "function process() {}", poll_interval: 0.5 });
    const { json: own } = await bus.on(topic, ({ json }) => json?.state === "running");
    const epoch = Number.MAX_SAFE_INTEGER;
    const beat = { name, state: "running", epoch, placement: crypto.randomUUID() };
    const sealed = (node: string, to: string, key: typeof GHOST) => ({
      ...beat,
      node,
      presence: { to, seal: key.seal(placementText(name, node, epoch, to)) },
    });
    await bus.publish(topic, { ...beat, node: "ghost" });
    await bus.publish(topic, sealed("ghost", own.placement, THIEF));
    await bus.publish(topic, sealed("nowhere", own.placement, THIEF));
    // Recorded: signed for an earlier start of the agent.
    await bus.publish(topic, sealed("ghost", crypto.randomUUID(), GHOST));
    await owner.order("nodes/strict/inspect", { name });
    const { json: { agents } } = await bus.ask("nodes/strict/list", {});
    if (!agents.some((agent: Json) => agent.name === name)) throw new Error("it has been stopped");
    const from = bus.mark();
    await bus.publish(topic, sealed("ghost", own.placement, GHOST));
    const { json } = await bus.on(
      "agents/strict/logs",
      ({ json }) => json?.child_name === name && /epoch/.test(json.message),
      from,
    );
    return `only for its enrolled node: ${json.message}`;
  },
);

export const trust: readonly Scene[] = [heartbeat, stolen, older, replayed, played, stranger, outranked];
