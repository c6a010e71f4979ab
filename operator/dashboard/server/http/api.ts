/** The read-only part of the REST API. Pure: from the model to JSON. */
import type { BrokerStatus, NodeDto, ViewerSession } from "../../wire.ts";
import { parseLogFilter } from "../live/viewer.ts";
import { HISTORY_SECONDS, LIMITS } from "../model/chronicle.ts";
import type { Model } from "../model/model.ts";
import { LOG_LIMITS } from "../model/logbook.ts";
import { RequestError } from "../../../http/bodies.ts";
import { wholeNumber } from "./parameters.ts";

export interface ReadApiOptions {
  readonly model: Model;
  readonly session: ViewerSession;
  readonly broker: () => BrokerStatus;
  readonly nowMs: () => number;
}

const MAX_LIMIT = 5000;
const DEFAULT_LIMIT = 500;

/** @returns `undefined` when there is no such resource @throws RequestError */
export function read(path: readonly string[], query: URLSearchParams, options: ReadApiOptions): unknown {
  const { model, nowMs } = options;
  const [resource, id, part] = path;
  switch (resource) {
    case "session":
      return id === undefined
        ? { ...options.session, broker: options.broker(), bounds: bounds() }
        : undefined;
    case "nodes":
      return id === undefined ? { nodes: model.nodes.map(withState(options)) } : node(id, part, options);
    case "agents":
      return id === undefined ? { agents: agents(query, model) } : agent(id, part, options);
    case "logs": {
      const lines = model.chronicle.logs.find(
        parseLogFilter(Object.fromEntries(query)),
        ...page(query),
      );
      return { logs: lines, ...model.chronicle.logs.drops(nowMs() / 1000) };
    }
    default:
      return undefined;
  }
}

function node(name: string, part: string | undefined, options: ReadApiOptions): unknown {
  const known = options.model.node(name);
  if (known === undefined) throw new RequestError("not_found", `no node is called '${name}'`);
  if (part === undefined) return withState(options)(known);
  return part === "history" ? options.model.history(name, options.nowMs()) : undefined;
}

function agent(
  id: string,
  part: string | undefined,
  { model, nowMs }: ReadApiOptions,
): unknown {
  const view = model.fleet.agent(id) ?? model.fleet.agentNamed(id);
  if (view === undefined) throw new RequestError("not_found", `no agent has the id or name '${id}'`);
  switch (part) {
    case undefined:
      return { ...model.agent(view.actorId), manifest: view.manifest ?? null };
    case "history":
      return model.history(view.actorId, nowMs());
    case "readings":
      return { readings: model.readings(view.actorId, nowMs()) };
    default:
      return undefined;
  }
}

function agents(query: URLSearchParams, model: Model) {
  const node = query.get("node");
  const state = query.get("state");
  return model.agents.filter((agent) =>
    (node === null || agent.node === node) && (state === null || agent.state === state)
  );
}

function withState({ model, nowMs }: ReadApiOptions) {
  return (dto: NodeDto) => ({ ...dto, state: model.nodeState(dto.name, nowMs()) });
}

export function page(query: URLSearchParams): [limit: number, before: number] {
  return [
    wholeNumber(query, "limit", DEFAULT_LIMIT, MAX_LIMIT),
    wholeNumber(query, "before", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  ];
}

/** The limits of the history. */
function bounds() {
  const of = ({ count, size }: { readonly count: number; readonly size: number }) => ({ count, bytes: size });
  return {
    seconds: HISTORY_SECONDS,
    logs: of(LOG_LIMITS),
    events: of(LIMITS.events),
    alerts: of(LIMITS.alerts),
    errors: of(LIMITS.errors),
  };
}
