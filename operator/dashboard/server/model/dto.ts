/** Converts nodes and agents to the form that is sent out. Pure. */
import { problemWords } from "../../../../protocol/devices/problem.ts";
import { deviceRows, type ToldDevices } from "../../../fleet/devices.ts";
import type { AgentView, NodeView } from "../../../fleet/views.ts";
import type { AgentDto, DeviceDto, NodeDto } from "../../wire.ts";
import { textOf, textsOf } from "./fields.ts";

const MAX_TOPICS = 64;
const MAX_CAPABILITIES = 64;
const MAX_TEXT = 300;
/** Limit for all topics and for all capabilities of an agent together: every browser receives them for every agent. */
const MAX_TEXTS_CHARS = 2000;
const MAX_AGENT_NAMES = 1000;
const MAX_SENSORS = 32;
const MAX_DEVICES = 128;

/** @param listeningSince epoch seconds */
function nodeDto(node: NodeView, listeningSince: number): NodeDto {
  return {
    name: node.name,
    online: node.isOnline,
    last_seen: seconds(node.lastSeenMs),
    listening_since: listeningSince,
    agents: node.agents.slice(0, MAX_AGENT_NAMES),
    runtime: textOf(node.runtime, MAX_TEXT) ?? null,
    version: textOf(node.version, MAX_TEXT) ?? null,
    uptime: node.uptime ?? null,
    cpu: node.cpu ?? null,
    memory_mb: node.memoryMb ?? null,
    queue: node.queue ?? null,
    dropped: node.dropped ?? null,
    clock_skew: node.clockSkewSeconds ?? null,
    labels: node.labels,
    sensors: (node.devices?.sensors ?? []).slice(0, MAX_SENSORS).map(({ kind, unit, id }) =>
      textOf(`${kind}${unit === "" ? "" : ` in ${unit}`}: ${id}`, MAX_TEXT) ?? ""
    ),
    board: node.devices?.board ?? "",
    devices: devicesOf(node.devices ?? {}),
  };
}

/** Those that agents hold come first. */
function devicesOf(devices: ToldDevices): DeviceDto[] {
  const rows = deviceRows(devices);
  const held = rows.filter(({ agent }) => agent !== null);
  const free = rows.filter(({ agent }) => agent === null);
  return [...held, ...free].slice(0, MAX_DEVICES).map(({ kind, device, name, agent, problem, path }) => ({
    kind,
    device: textOf(
      kind === "gpio" && name !== "" ? name : name === "" ? device : `${device} (${name})`,
      MAX_TEXT,
    ) ?? "",
    agent: textOf(agent, MAX_TEXT) ?? null,
    problem: problem === null ? null : problemWords(problem, path),
  }));
}

/** @param alsoOn other nodes that run an agent of the same name */
function agentDto(agent: AgentView, alsoOn: readonly string[] = []): AgentDto {
  const manifest = agent.manifest ?? {};
  return {
    actor_id: agent.actorId,
    name: textOf(agent.name, MAX_TEXT) ?? "",
    node: agent.node ?? null,
    also_on: alsoOn,
    state: textOf(agent.state, MAX_TEXT) ?? "unknown",
    task: textOf(agent.task, MAX_TEXT) ?? null,
    cpu: agent.cpu ?? null,
    memory_mb: agent.memoryMb ?? null,
    last_seen: seconds(agent.lastSeenMs),
    uptime: agent.uptime ?? null,
    restarts: agent.restarts,
    messages_processed: agent.messagesProcessed ?? null,
    errors: agent.errors ?? null,
    topics: within(textsOf(manifest.publishes, MAX_TOPICS, MAX_TEXT)),
    description: textOf(manifest.description, MAX_TEXT) ?? "",
    capabilities: within(textsOf(manifest.capabilities, MAX_CAPABILITIES, MAX_TEXT)),
  };
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}

function within(texts: readonly string[]): string[] {
  let left = MAX_TEXTS_CHARS;
  return texts.filter((text) => (left -= text.length) >= 0);
}

/** Caches the DTO of each view: views are immutable. */
export class Dtos {
  readonly #agents = new WeakMap<AgentView, AgentDto>();
  #nodes = new WeakMap<NodeView, NodeDto>();

  /** @param since as in `nodeDto`; if it changes for a known node, call `forgetNodes` */
  node(node: NodeView, since: number): NodeDto {
    return memo(this.#nodes, node, (own) => nodeDto(own, since));
  }

  agent(agent: AgentView, alsoOn: readonly string[]): AgentDto {
    return alsoOn.length > 0 ? agentDto(agent, alsoOn) : memo(this.#agents, agent, (own) => agentDto(own));
  }

  forgetNodes(): void {
    this.#nodes = new WeakMap();
  }
}

function memo<K extends object, V>(cache: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  cache.set(key, made);
  return made;
}
