/** Reads what was known before a restart. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { isName } from "../../../../protocol/names.ts";
import { type AgentView, hasEnded, newAgent, newNode, type NodeView } from "../../../fleet/views.ts";
import { LIMITS } from "../model/chronicle.ts";
import { numberOf, textOf, textsOf } from "../model/fields.ts";
import { ENDED_SECONDS } from "../model/model.ts";
import type { Past } from "../model/past.ts";
import type { Store } from "../store/store.ts";
import { type EntriesOf, entryOf } from "./entries.ts";
import type { EntryType } from "./tables.ts";

/** Nodes that have been silent longer are not shown any more. */
const NODE_SECONDS = 30 * 24 * 3600;
/** Agents that run and nodes that have just been heard of: what is older has ended without a word. */
const RUNNING_SECONDS = 24 * 3600;

/** @param now epoch seconds */
export async function recall(store: Store, now: number): Promise<Past> {
  const rows = await store.db.selectFrom("last_seen").select(["what", "id", "node", "time", "view"])
    .where("time", ">=", now - NODE_SECONDS).orderBy("time").execute();
  const views = rows.map(({ what, id, node, time, view }) => ({
    what,
    id,
    node,
    time,
    fields: fieldsOf(view),
  }));
  return {
    nodes: views.filter(({ what }) => what === "node").map(({ id, time, fields }) =>
      nodeOf(id, time, fields)
    ),
    agents: views.filter(({ what }) => what === "agent").flatMap(({ id, node, time, fields }) => {
      const agent = agentOf(id, node, time, fields);
      const patience = agent !== undefined && hasEnded(agent) ? ENDED_SECONDS : RUNNING_SECONDS;
      return agent === undefined || now - time > patience ? [] : [agent];
    }),
    events: await newest(store, "event", LIMITS.events.count),
    alerts: await newest(store, "alert", LIMITS.alerts.count),
    errors: await newest(store, "error", LIMITS.errors.count),
  };
}

async function newest<What extends EntryType>(
  store: Store,
  what: What,
  limit: number,
): Promise<EntriesOf[What][]> {
  const rows = await store.db.selectFrom("entries").selectAll().where("what", "=", what).orderBy(
    "seq",
    "desc",
  )
    .limit(limit).execute();
  return rows.reverse().map((row) => entryOf(what, row));
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(json: string): Fields {
  const value: unknown = JSON.parse(json);
  return isJsonObject(value) ? value : {};
}

function agentOf(actorId: string, node: string, time: number, fields: Fields): AgentView | undefined {
  if (!isName(fields.name)) return undefined;
  return {
    ...newAgent(actorId, fields.name),
    node: isName(node) ? node : undefined,
    state: textOf(fields.state) ?? "unknown",
    task: textOf(fields.task),
    lastSeenMs: time * 1000,
    restarts: numberOf(fields.restarts) ?? 0,
    epoch: numberOf(fields.epoch) ?? 0,
    manifest: isJsonObject(fields.manifest) ? fields.manifest : undefined,
  };
}

function nodeOf(name: string, time: number, fields: Fields): NodeView {
  const labels = isJsonObject(fields.labels) ? Object.entries(fields.labels) : [];
  return {
    ...newNode(name),
    isOnline: fields.isOnline === true,
    lastSeenMs: time * 1000,
    agents: textsOf(fields.agents, 5000, 300),
    instance: textOf(fields.instance),
    runtime: textOf(fields.runtime),
    version: textOf(fields.version),
    labels: Object.fromEntries(
      labels.flatMap(([key, value]) => typeof value === "string" ? [[key, value]] : []),
    ),
    hasLabels: fields.hasLabels === true,
  };
}
