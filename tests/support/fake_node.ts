/** A whole node on a fake link, a fake clock and fake processes; its registry and state files are real. */
import { actorId } from "../../protocol/ids.ts";
import { Denials } from "../../runner/audit/denials.ts";
import { createLogger } from "../../runner/logger.ts";
import { Node } from "../../runner/node/node.ts";
import { OpenDevices } from "../../runner/devices/open_devices.ts";
import { Places } from "../../runner/devices/places.ts";
import { Sensors } from "../../runner/devices/sensors.ts";
import { PolicyEnforcer } from "../../runner/policy/policy_enforcer.ts";
import { DEFAULT_POLICY } from "../../runner/policy/policy.ts";
import { Registry } from "../../runner/store/registry.ts";
import { StateFiles } from "../../runner/store/state_files.ts";
import { FakeClock, settled } from "./fake_clock.ts";
import { FakeLink } from "./fake_link.ts";
import { type FakeProcess, FakeRuntime } from "./fake_runtime.ts";
import { testIdentity } from "./identity.ts";
import { untilSettled } from "./until.ts";

export type Report = Readonly<Record<string, unknown>>;

export interface FakeNode extends AsyncDisposable {
  readonly link: FakeLink;
  readonly clock: FakeClock;
  readonly runtime: FakeRuntime;
  readonly node: Node;
  readonly registry: Registry;
  readonly stateDir: string;
  /** Text goes as it is, and is not waited for; an object is, until its command has been answered. */
  send(topic: string, value: unknown): Promise<void>;
  sendBytes(topic: string, payload: Uint8Array): Promise<void>;
  /** What has been published on a topic. */
  reports(topic: string): Report[];
  /** The messages in the node's log of one type. */
  said(type: string): unknown[];
  /** The states of an agent, as its heartbeats have told them. */
  states(id?: string): unknown[];
  spawn(name: string, fields?: Report): Promise<FakeProcess | undefined>;
}

/** Node `n`, started and connected. @param stateDir one that another has left; it is removed at the end */
export async function fakeNode(stateDir?: string): Promise<FakeNode> {
  const link = new FakeLink();
  const clock = new FakeClock();
  const runtime = new FakeRuntime();
  const folder = stateDir ?? await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const openAgentLink = () => new FakeLink();
  const registry = await Registry.open(folder, "n");
  const node = new Node({
    identity: testIdentity(),
    clock,
    log: createLogger("ERROR", () => {}),
    link,
    runtime,
    stateFiles: new StateFiles(folder),
    registry,
    openAgentLink,
    enforcer: new PolicyEnforcer(DEFAULT_POLICY),
    sensors: new Sensors("/nonexistent", clock),
    openDevices: new OpenDevices({
      clock,
      startHost: () => Promise.reject(new Error("there is none")),
      onProblem: () => {},
    }),
    places: new Places("/nonexistent"),
    memoryMb: 256,
    totals: { memoryMb: 1024, cpuPercent: 400, diskMb: 1024, tasks: 1000 },
    hangTimeoutMs: 30_000,
    migrateTimeoutMs: 30_000,
    audit: { record: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() },
    mayStop: () => Promise.resolve(true),
    denials: new Denials({ record: () => {} }, clock),
  });
  await node.start();
  node.onConnected();
  const sendBytes = async (topic: string, payload: Uint8Array) => {
    node.onMessage({ topic, payload, retained: false });
    await settled();
  };
  const send = async (topic: string, value: unknown) => {
    if (typeof value === "string") return await sendBytes(topic, new TextEncoder().encode(value));
    const awaited = topic.startsWith("nodes/") && !topic.includes("/reply/") || topic.endsWith("/commands");
    const command = {
      ...(awaited ? { _reply_topic: `done/${link.published.length}` } : {}),
      ...value as Report,
    };
    const replies = () => awaited ? link.on(String(command._reply_topic)).length : 1;
    const before = awaited ? replies() : 0;
    await sendBytes(topic, new TextEncoder().encode(JSON.stringify(command)));
    await untilSettled(`an answer to ${topic}`, () => replies() !== before);
  };
  const reports = (topic: string) => link.on(topic) as Report[];
  return {
    link,
    clock,
    runtime,
    node,
    registry,
    stateDir: folder,
    send,
    sendBytes,
    reports,
    said: (type: string) =>
      reports("agents/n/logs").filter((report) => report.type === type).map((report) => report.message),
    states: (id = actorId("a")) => reports(`agents/${id}/heartbeat`).map((report) => report.state),
    spawn: async (name: string, fields: Report = {}) => {
      await send("nodes/n/spawn", { name, code: "//", ...fields });
      return runtime.processes.at(-1);
    },
    async [Symbol.asyncDispose]() {
      await node.close("shutdown");
      await Deno.remove(folder, { recursive: true });
    },
  };
}
