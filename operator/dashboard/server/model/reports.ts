/** Turns what agents and nodes report in single messages into entries: logs, alerts, errors. No I/O, no timers. */
import type { Fleet } from "../../../fleet/fleet.ts";
import type { LogLine as LogLineOfNode } from "../../../operations/reports.ts";
import { actorId } from "../../../../protocol/ids.ts";
import { nameIn } from "../../../../protocol/names.ts";
import type { About, Change } from "./change.ts";
import type { Chronicle } from "./chronicle.ts";
import { type Fields, readFields, textOf, writeJson } from "./fields.ts";
import { errorHappening, nodeLogHappening } from "./timeline.ts";

export class Reports {
  constructor(private readonly fleet: Fleet, private readonly chronicle: Chronicle) {}

  /** @param id of the agent; a node's own log has the node's name in its place @param now epoch seconds */
  log(id: string, payload: Uint8Array, now: number): Change[] {
    const fields = readFields(payload);
    const message = messageOf(fields);
    if (fields === undefined || message === undefined) return [];
    const agent = nameIn(fields.agent, fields.name);
    if (agent === undefined) {
      const child = nameIn(fields.child_name) ?? null;
      const about = { node: nameIn(fields.node, id) ?? null, agent: child, actor_id: this.idOf(child) };
      const told = [
        this.chronicle.log(fields, message, about, now),
        this.chronicle.event(nodeLogHappening(fields), about, now),
      ];
      return fields.type === "spawned" ? [...told, ...this.#onSpawned(about, now)] : told;
    }
    return [this.chronicle.log(fields, message, this.#about(id, agent, fields), now)];
  }

  alert(id: string, payload: Uint8Array, now: number): Change[] {
    const fields = readFields(payload);
    const message = messageOf(fields);
    if (fields === undefined || message === undefined) return [];
    const about = this.#about(id, nameIn(fields.agent, fields.name), fields);
    return [this.chronicle.alert(fields, message, about, now)];
  }

  error(id: string, payload: Uint8Array, now: number): Change[] {
    const fields = readFields(payload);
    if (fields === undefined) return [];
    const about = this.#about(id, nameIn(fields.agent, fields.name), fields);
    const happening = errorHappening(fields);
    return [
      this.chronicle.error(fields, about, now),
      ...(happening === undefined ? [] : [this.chronicle.event(happening, about, now)]),
    ];
  }

  /** Adds errors from a node's memory that predate this server. */
  recall(node: string, lines: readonly LogLineOfNode[], now: number): Change[] {
    const ofAgents = lines.filter(({ agent, phase }) => agent !== undefined && phase !== undefined);
    const entries = ofAgents.flatMap((line): Change | readonly [] => {
      const about = { node, agent: line.agent ?? null, actor_id: this.idOf(line.agent ?? null) };
      return this.chronicle.recall(line, about, now) ?? [];
    });
    return [...entries, ...this.#endedBefore(node, ofAgents, now)];
  }

  /** The agent's id, computed from its name because it may not have reported anything yet. */
  idOf(agent: string | null): string | null {
    return agent === null ? null : this.fleet.agentNamed(agent)?.actorId ?? actorId(agent);
  }

  /** The agents whose last error was fatal and which have not reported since. */
  #endedBefore(node: string, errors: readonly LogLineOfNode[], now: number): Change[] {
    const last = new Map(errors.map((line) => [line.agent ?? "", line]));
    return [...last].flatMap(([agent, { level, message }]): Change[] => {
      const id = this.idOf(agent);
      const isThere = this.fleet.node(node)?.agents.includes(agent) === true;
      if (level !== "fatal" || id === null || isThere || this.fleet.agent(id) !== undefined) return [];
      const fields = { name: agent, node, severity: level, error: message };
      const change = this.fleet.apply(`agents/${id}/errors`, writeJson(fields), now * 1000);
      return change?.kind === "agent" ? [{ kind: "agent", actorId: id, report: "errors" }] : [];
    });
  }

  #onSpawned({ agent, node, actor_id }: About, now: number): Change[] {
    if (agent === null || node === null || actor_id === null) return [];
    const isNew = this.fleet.applySpawned(actor_id, agent, node, now * 1000) !== undefined;
    return isNew ? [{ kind: "agent", actorId: actor_id, report: "spawned" }] : [];
  }

  #about(actorId: string, agent: string | undefined, fields: Fields): About {
    const known = this.fleet.agent(actorId);
    return {
      node: nameIn(fields.node, known?.node) ?? null,
      agent: agent ?? known?.name ?? null,
      actor_id: actorId,
    };
  }
}

function messageOf(fields: Fields | undefined): string | undefined {
  if (fields === undefined || fields.message === undefined) return undefined;
  return textOf(fields.message) ?? textOf(JSON.stringify(fields.message));
}
