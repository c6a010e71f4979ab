/** The part of the REST API that reads what is remembered: entries, numbers of long ranges, versions and actions. */
import { actorId } from "../../../../protocol/ids.ts";
import { RequestError } from "../../../http/bodies.ts";
import type { Memory } from "../memory/memory.ts";
import type { Series } from "../memory/series_book.ts";
import type { EntryType } from "../memory/tables.ts";
import type { Span } from "../memory/thin.ts";
import type { Model } from "../model/model.ts";
import type { Ring } from "../model/ring.ts";
import type { Entry, PastLine, PastReading, PastUsage, ViewerSession } from "../../wire.ts";
import { page } from "./api.ts";
import { wholeNumber } from "./parameters.ts";

export interface PastOptions {
  readonly model: Model;
  readonly memory: Memory;
  readonly session: ViewerSession;
  readonly nowMs: () => number;
}

const MAX_SERIES = 64;
const MAX_AUDITED = 1000;
const LISTS = { events: "event", alerts: "alert", errors: "error" } as const satisfies Record<
  string,
  EntryType
>;
type ListName = keyof typeof LISTS;

/** @returns `undefined` when it is not about the past @throws RequestError */
export async function readPast(
  path: readonly string[],
  query: URLSearchParams,
  options: PastOptions,
): Promise<unknown> {
  const [resource = "", id, part, which] = path;
  if (resource === "audit" && id === undefined) {
    return { actions: await options.memory.audited(wholeNumber(query, "limit", 100, MAX_AUDITED)) };
  }
  if (isList(resource)) {
    const agent = query.get("agent");
    const about = { actorId: agent === null ? null : idOf(agent, options.model), node: query.get("node") };
    return id === undefined ? await entries(resource, query, about, options) : undefined;
  }
  if (id === undefined || part === undefined) return undefined;
  if (resource === "nodes") return part === "history" ? await usage(id, query, options) : undefined;
  if (resource !== "agents") return undefined;
  const actor = idOf(id, options.model);
  if (part === "versions") return await versions(id, which, options);
  if (path.length > 3) return undefined;
  if (part === "history") return await usage(actor, query, options);
  if (part === "readings") return await readings(actor, query, options);
  return part !== "alerts" && isList(part)
    ? await entries(part, query, { actorId: actor, node: null }, options)
    : undefined;
}

function isList(name: string): name is ListName {
  return Object.hasOwn(LISTS, name);
}

/** An agent that is not known any more has the id of its name. */
function idOf(idOrName: string, { fleet }: Model): string {
  const known = fleet.agent(idOrName) ?? fleet.agentNamed(idOrName);
  if (known !== undefined) return known.actorId;
  return /^[0-9a-f]{8}-/.test(idOrName) ? idOrName : actorId(idOrName);
}

/** The newest from memory, older ones from the database. */
async function entries(
  list: ListName,
  query: URLSearchParams,
  about: { readonly actorId: string | null; readonly node: string | null },
  { model, memory }: PastOptions,
): Promise<unknown> {
  const [limit, before] = page(query);
  const ring: Pick<Ring<Entry>, "latest" | "firstSeq"> = model.chronicle[list];
  const newest = ring.latest(
    limit,
    before,
    (entry) =>
      (about.actorId === null || entry.actor_id === about.actorId) &&
      (about.node === null || entry.node === about.node),
  );
  const left = limit - newest.length;
  const older = left === 0 ? [] : await memory.entries(LISTS[list], {
    ...about,
    limit: left,
    before: newest[0]?.seq ?? Math.min(before, ring.firstSeq),
  });
  return { [list]: [...older, ...newest] };
}

/** @returns `undefined` without `from` and `to` @throws RequestError */
function spanIn(query: URLSearchParams): Span | undefined {
  if (!query.has("from") && !query.has("to")) return undefined;
  const [from, to] = ["from", "to"].map((name) => wholeNumber(query, name, 0, 1e11));
  if (from === undefined || to === undefined || !(from > 0 && to > from)) {
    throw new RequestError("usage", "from and to must be epoch seconds, and to the later one");
  }
  return { from, to };
}

async function usage(
  owner: string,
  query: URLSearchParams,
  options: PastOptions,
): Promise<PastUsage | undefined> {
  const span = spanIn(query);
  if (span === undefined) return undefined;
  const of = options.memory.numbers.series.of({ owner, topic: "" });
  const line = async (field: string) => {
    const series = of.find((each) => each.field === field);
    return series === undefined ? EMPTY : await lineOf(series, span, options);
  };
  return { cpu: await line("cpu"), memory_mb: await line("memory_mb") };
}

const EMPTY: PastLine = { time: [], value: [], min: null, max: null };

async function readings(
  actor: string,
  query: URLSearchParams,
  options: PastOptions,
): Promise<{ readonly readings: readonly PastReading[] } | undefined> {
  const span = spanIn(query);
  if (span === undefined) return undefined;
  const topics = options.model.readingTopics(actor);
  const all = topics.flatMap((topic) => options.memory.numbers.series.of({ owner: "", topic }));
  const found: PastReading[] = [];
  for (const series of all.slice(0, MAX_SERIES)) {
    const line = await lineOf(series, span, options);
    if (line.time.length > 0) {
      found.push({ topic: series.topic, field: series.field, unit: series.unit, ...line });
    }
  }
  return { readings: found };
}

async function lineOf(series: Series, span: Span, { memory, nowMs }: PastOptions): Promise<PastLine> {
  return await memory.numbers.read(series.id, span, nowMs() / 1000, memory.ages);
}

/** @param which the id of one version, whose config is then answered */
async function versions(idOrName: string, which: string | undefined, options: PastOptions): Promise<unknown> {
  const { fleet } = options.model;
  const name = (fleet.agent(idOrName) ?? fleet.agentNamed(idOrName))?.name ?? idOrName;
  if (which === undefined) return { versions: await options.memory.versions.list(name) };
  const config = /^\d{1,15}$/.test(which)
    ? await options.memory.versions.config(name, Number(which))
    : undefined;
  if (config === undefined) throw new RequestError("not_found", `no version ${which} of '${name}' is kept`);
  const { code, ...rest } = config;
  return { config: rest, code: options.session.show_code && typeof code === "string" ? code : null };
}
