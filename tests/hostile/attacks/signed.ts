/** Commands to a node that obeys only holders of a key: not proved, or not for this node, this topic, this time. */
import type { SigningKey } from "../../../protocol/signing/issue.ts";
import { audited, Commander, newKey, nowSeconds, TrustFolder } from "../../support/signing.ts";
import { actorId } from "../../../protocol/ids.ts";
import { type Attack, type HostileMessage, type Scene, slug } from "../attack.ts";
import { type Field, GHOST, type Keys } from "../field.ts";
import { PATIENT } from "../scenes.ts";
import { NodeProcess } from "../../support/node_process.ts";

const SPAWN = "nodes/strict/spawn";
const COMMAND = { name: "intruder", code: "function process() {}" };
type Json = Readonly<Record<string, unknown>>;

const base64url = (value: unknown) =>
  new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });

const by = ({ bus, keys }: Field, key: keyof Keys) => new Commander(bus, keys[key]);
const claims = (more: Json = {}) => {
  const iat = nowSeconds();
  return {
    iat,
    exp: iat + 60,
    jti: crypto.randomUUID(),
    node: "strict",
    topic: SPAWN,
    command: COMMAND,
    ...more,
  };
};
const header = (more: Json = {}) => ({ alg: "EdDSA", kid: "owner", typ: "agentflow-command", ...more });

/** A JWS whose signature is another one's. */
async function withSignatureOf(field: Field, theHeader: Json, theClaims: Json): Promise<Json> {
  const { _jws } = await field.owner.sign(SPAWN, COMMAND);
  return { _jws: [base64url(theHeader), base64url(theClaims), String(_jws).split(".")[2]].join(".") };
}

/** What comes, and the code of the refusal. */
const FORGERIES: Readonly<Record<string, readonly [code: string, forge: (field: Field) => Promise<Json>]>> = {
  "an unsigned spawn": ["unsigned", () => Promise.resolve(COMMAND)],
  "no JWS at all": ["malformed", () => Promise.resolve({ ...COMMAND, _jws: "no jws at all" })],
  "a JWS that is a number": ["malformed", () => Promise.resolve({ ...COMMAND, _jws: 7 })],
  "other code beside the signed one": [
    "tampered",
    async ({ owner }) => ({ ...await owner.sign(SPAWN, COMMAND), code: "evil()" }),
  ],
  "another command under a signature": ["tampered", (field) => withSignatureOf(field, header(), claims())],
  "the algorithm none": ["tampered", (field) => withSignatureOf(field, header({ alg: "none" }), claims())],
  "the algorithm none, and no signature": [
    "tampered",
    () => Promise.resolve({ _jws: `${base64url(header({ alg: "none" }))}.${base64url(claims())}.` }),
  ],
  "the public key as a shared secret": [
    "tampered",
    async ({ keys }) => {
      const input = `${base64url(header({ alg: "HS256" }))}.${base64url(claims())}`;
      return { _jws: `${input}.${await hmac(String(keys.owner.private.x), input)}` };
    },
  ],
  "a key in the header": [
    "tampered",
    (field) => {
      const { kty, crv, x } = field.keys.unknown.private;
      return withSignatureOf(field, header({ jwk: { kty, crv, x } }), claims());
    },
  ],
  "the name of a key, by another": [
    "tampered",
    (field) => signedBy(field, { ...field.keys.stopper, kid: "owner" }, SPAWN),
  ],
  "a token of the key for something else": [
    "malformed",
    (field) => withSignatureOf(field, header({ typ: "JWT" }), claims()),
  ],
  "a key called __proto__": [
    "unknown_key",
    (field) => signedBy(field, { ...field.keys.unknown, kid: "__proto__" }, SPAWN),
  ],
  "a key nobody knows": ["unknown_key", (field) => by(field, "unknown").sign(SPAWN, COMMAND)],
  "a command for another node": ["wrong_node", ({ owner }) => owner.sign(SPAWN, COMMAND, { node: "field" })],
  "a command of another topic": [
    "wrong_topic",
    ({ owner }) => owner.sign("nodes/strict/desired_state", COMMAND, { node: "strict" }),
  ],
  "a command of last week": [
    "expired",
    ({ owner }) => owner.sign(SPAWN, COMMAND, { nowSeconds: nowSeconds() - 604_800, ttlSeconds: 3600 }),
  ],
  "a command of next week": [
    "not_yet_valid",
    ({ owner }) => owner.sign(SPAWN, COMMAND, { nowSeconds: nowSeconds() + 604_800 }),
  ],
  "a command for ever": [
    "window_too_long",
    ({ owner }) => owner.sign(SPAWN, COMMAND, { ttlSeconds: 400 * 86_400 }),
  ],
  "a spawn by a key that may stop": [
    "key_not_for_command",
    (field) => by(field, "stopper").sign(SPAWN, COMMAND),
  ],
  "a key of other nodes": ["key_not_for_node", (field) => by(field, "foreign").sign(SPAWN, COMMAND)],
  "an arrival from a node that is not enrolled": [
    "unknown_node",
    () => Promise.resolve({ ...COMMAND, migration: { id: "m1", from: "field" }, state: { k: "poisoned" } }),
  ],
};

async function signedBy({ bus }: Field, key: SigningKey, topic: string): Promise<Json> {
  return await new Commander(bus, key).sign(topic, COMMAND);
}

async function hmac(secret: string, input: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(input));
  return new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true });
}

const forgeries = Object.entries(FORGERIES).map(([tries, [code, payload]]): HostileMessage => ({
  kind: "message",
  id: `signed-${slug(tries)}`,
  category: "signed",
  tries,
  topic: SPAWN,
  payload,
  expect: { on: "audit", says: new RegExp(`^${code}: `) },
}));

/** Of a storm: those of the first moment, and ten a second. */
const MOST_SAID = 1000;
/** The share of a storm that is looked at before the stop behind it: what fits in while the node reads the storm. */
const MOST_BEFORE = 0.8;

const commands = ["stop", "stop_all", "migrate", "desired_state"].map((command): HostileMessage => ({
  kind: "message",
  id: `signed-no-${command}`,
  category: "signed",
  tries: `an unsigned ${command}`,
  topic: `nodes/strict/${command}`,
  payload: { name: "signed", target_node: "field", agents: [] },
  expect: { on: "reply", says: /^unsigned: / },
}));

const button: Scene = {
  kind: "scene",
  id: "signed-no-button",
  category: "signed",
  tries: "press an unsigned button",
  play: async ({ bus }) => {
    const from = bus.mark();
    await bus.publish(`agents/${actorId("signed")}/commands`, { command: "stop" });
    const { json } = await bus.on("nodes/strict/audit", (message) => message.json?.code === "unsigned", from);
    return `${json.code}: ${json.reason}`;
  },
};

const replay: Scene = {
  kind: "scene",
  id: "signed-replay",
  category: "signed",
  tries: "replay a command that was obeyed",
  play: async ({ bus, owner, strict }) => {
    const topic = "nodes/strict/list";
    const stop = await owner.sign("nodes/strict/stop", { name: "nobody" });
    await bus.publish("nodes/strict/stop", stop);
    await bus.on("agents/strict/logs", ({ json }) => /'nobody'.*not running/.test(json?.message ?? ""));
    const from = bus.mark();
    await bus.publish("nodes/strict/stop", stop);
    const { json } = await bus.on("nodes/strict/audit", (message) => message.json?.code === "replayed", from);
    await bus.ask(topic, {});
    await audited(strict.stateDir, "strict", ({ code }) => code === "replayed");
    return `${json.code}: ${json.reason}`;
  },
};

/** Messages by the thousand, as many as a device can send at once. */
const STORMS: Readonly<
  Record<string, (field: Field, node: string) => Promise<readonly [topic: string, payload: Json]>>
> = {
  "20,000 forged signatures": async ({ bus, keys }, node) => {
    const forger = new Commander(bus, await newKey(keys.owner.kid));
    return [`nodes/${node}/stop`, await forger.sign(`nodes/${node}/stop`, { name: "nobody" })];
  },
  "20,000 signatures of a key nobody knows": async (field, node) => [
    `nodes/${node}/stop`,
    await by(field, "unknown").sign(`nodes/${node}/stop`, { name: "nobody" }),
  ],
  "20,000 copies of a command that was obeyed": async ({ owner, bus }, node) => {
    const command = await owner.sign(`nodes/${node}/stop`, { name: "nobody" });
    await bus.publish(`nodes/${node}/stop`, command);
    return [`nodes/${node}/stop`, command];
  },
  "30,000 unsigned commands": (_field, node) => Promise.resolve([`nodes/${node}/stop`, { name: "nobody" }]),
  "60,000 lists": (_field, node) => Promise.resolve([`nodes/${node}/list`, {}]),
  "30,000 tasks": async ({ owner, bus }, node) => {
    const name = `${node}-busy`;
    await owner.order(`nodes/${node}/spawn`, { name, code: "function handle_task() { return {}; }" });
    await bus.on(`nodes/${node}/heartbeat`);
    return [`agents/by-name/${name}/task`, { payload: 1 }];
  },
  "20,000 forged proofs of another process": async ({ bus }, node) => {
    const { json: { instance: to } } = await bus.on(`nodes/${node}/heartbeat`);
    const presence = { to, seal: "A".repeat(86) };
    return [`nodes/${node}/heartbeat`, { node, instance: "another", uptime: 1e9, presence }];
  },
  "20,000 forged decisions": (_field, node) =>
    Promise.resolve([
      `nodes/${node}/migration`,
      { id: "m", agent: "nobody", from: "ghost", decision: "commit", seal: "A".repeat(86) },
    ]),
  "20,000 forged reports of a move": (_field, node) =>
    Promise.resolve([
      `nodes/${node}/migration`,
      { id: "m", agent: "nobody", from: "ghost", query: true, progress: "arrived", seal: "A".repeat(86) },
    ]),
  "30,000 messages that are no commands": (_field, node) =>
    Promise.resolve([`nodes/${node}/spawn`, { code: 1 }]),
};

const storms = Object.entries(STORMS).map(([tries, make]): Scene => ({
  kind: "scene",
  id: `signed-${slug(tries)}`,
  category: "signed",
  tries: `${tries} before a signed stop`,
  play: async (field, id) => {
    const { bus, owner, keys, broker } = field;
    // Of its own: what it passes over in a flood others are judged by.
    await using trust = await TrustFolder.make([{ key: keys.owner }], { ghost: GHOST.public });
    const node = id;
    await using process = await NodeProcess.start({
      port: broker.port,
      name: node,
      args: ["--trust", trust.keyFile],
    });
    await bus.on(`nodes/${node}/heartbeat`);
    await owner.order(`nodes/${node}/spawn`, { name: id, code: "function process() {}" });
    const [topic, payload] = await make(field, node);
    const stop = await owner.sign(`nodes/${node}/stop`, { name: id, _reply_topic: `storm/${id}` });
    const answers = `storm/${id}/answer`;
    const text = JSON.stringify({ ...payload, _reply_topic: answers });
    const count = Number(/^[\d,]+/.exec(tries)?.[0].replace(",", ""));
    const from = bus.mark();
    // All of it waits for the node at once, the stop behind it.
    process.child.kill("SIGSTOP");
    const storm = Array.from({ length: count }, () => bus.publish(topic, text));
    storm.push(bus.publish(`nodes/${node}/stop`, stop));
    await Promise.all(storm);
    process.child.kill("SIGCONT");
    const goesOnAtMs = performance.now();
    const { json, atMs } = await bus.find(
      "the stop",
      (message) => message.topic === `storm/${id}`,
      from,
      PATIENT,
    );
    if (json.ok !== true) throw new Error(`it was not obeyed: ${JSON.stringify(json)}`);
    const before = bus.all(answers, from).length;
    if (before > count * MOST_BEFORE) throw new Error(`${before} of ${count} were answered before it`);
    const said = bus.all(`agents/${node}/logs`, from).length;
    if (said > MOST_SAID) throw new Error(`the node has said ${said} things about it`);
    const seconds = ((atMs - goesOnAtMs) / 1000).toFixed(1);
    return `the stop is obeyed before ${count - before} of ${count}, after ${seconds} s`;
  },
}));

export const signed: readonly Attack[] = [...forgeries, ...commands, button, replay, ...storms];
