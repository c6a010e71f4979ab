/** Builds and starts the dashboard: every part is created here and passed to those that need it. */
import type { BrokerAccess } from "../../protocol/broker/access.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import type { Secret } from "../../protocol/config/secret.ts";
import type { ModelSettings } from "../chat/settings.ts";
import type { Signer } from "../signer.ts";
import { VERSION } from "../../protocol/version.ts";
import { Room } from "./server/chat/room.ts";
import { Actions } from "./server/control/actions.ts";
import { Latecomer } from "./server/control/latecomer.ts";
import { Feed } from "./server/feed.ts";
import { App } from "./server/http/app.ts";
import { Sessions } from "./server/http/sessions.ts";
import { Hub } from "./server/live/hub.ts";
import type { Change } from "./server/model/change.ts";
import type { Bounds } from "./server/memory/forget.ts";
import { Memory } from "./server/memory/memory.ts";
import { Model } from "./server/model/model.ts";
import type { ChannelSettings } from "./server/notice/channels/settings.ts";
import { NoticeDesk } from "./server/notice/desk.ts";
import { buildPage, type Page } from "./server/page_files.ts";
import { PARTS } from "./server/store/parts.ts";
import type { Place } from "./server/store/place.ts";
import { Store } from "./server/store/store.ts";
import type { ViewerSession } from "./wire.ts";

const EXPIRE_MS = 60_000;
const SETTLE_MS = 500;
const SAVE_MS = 1000;
/** Without a file, what is remembered costs memory. */
const IN_MEMORY: Bounds = { days: 1, bytes: 32 * 1024 * 1024 };

export interface DashboardOptions {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  /** Address to listen on. */
  readonly listen: string;
  /** 0 for any free one. */
  readonly httpPort: number;
  /** Host names that clients may use, besides IP addresses and `localhost`. */
  readonly hostNames: readonly string[];
  readonly token: Secret | undefined;
  readonly allowControl: boolean;
  readonly showCode: boolean;
  readonly signer: Signer | undefined;
  /** The model that plans in the chat; without it, the built-in planner does. */
  readonly model?: ModelSettings | undefined;
  /** Where it keeps what it knows; in memory when nothing is said. */
  readonly place?: Place;
  /** Where notices are sent to, by name. */
  readonly channels?: ReadonlyMap<string, ChannelSettings>;
  /** How long it keeps that, and how much. */
  readonly bounds?: Bounds;
  readonly log: (message: string) => void;
  /** The page, if it has already been built. */
  readonly page?: Page;
}

/** A running dashboard. */
export interface Dashboard extends AsyncDisposable {
  /** The URL for a browser on this machine. */
  readonly url: string;
}

/** @throws Error when the page cannot be built, the database cannot be used or the port is taken */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const page = options.page ?? await buildPage();
  const nowMs = () => Date.now();
  const store = await Store.open({
    place: options.place ?? { kind: "memory" },
    parts: PARTS,
    log: options.log,
  });
  const memory = await Memory.open(
    store,
    options.place?.kind === "memory" ? IN_MEMORY : options.bounds ?? IN_MEMORY,
  );
  const model = new Model(memory.witness);
  model.restore(await memory.past(nowMs() / 1000), nowMs());
  const recorder = memory.recorderOf(model);
  const session: ViewerSession = {
    version: VERSION,
    control: options.allowControl,
    show_code: options.showCode,
    token: options.token !== undefined,
  };
  let messages = 0;
  const onChanges = (changes: readonly Change[]) => {
    hub.note(changes);
    desk.note(changes);
    recorder.note(changes, nowMs() / 1000);
    for (const change of changes) {
      if (change.kind === "agent") feed.follow(model.agent(change.actorId)?.topics ?? []);
      if (change.kind === "node") latecomer.noteNode(change.name);
    }
  };
  const feed: Feed = new Feed({
    broker: options.broker,
    access: options.access,
    signer: options.signer,
    fleet: model.fleet,
    onMessage: ({ topic, payload }) => {
      messages += 1;
      onChanges(model.apply(topic, payload, nowMs()));
    },
    onReading: ({ topic, payload }) => {
      messages += 1;
      model.applyReading(topic, payload, nowMs());
    },
    onStatus: () => {
      hub.noteBroker();
      onChanges(model.noteBroker(feed.status.connected, nowMs()));
    },
    log: options.log,
  });
  const hub: Hub = new Hub({ model, session, broker: () => feed.status, nowMs });
  const onError = (error: unknown) =>
    options.log(`A request has failed: ${error instanceof Error ? error.stack : error}`);
  const { broker, access, signer } = options;
  const latecomer: Latecomer = new Latecomer({
    operator: () => feed.operator,
    model,
    onChanges,
    onError,
    nowMs,
  });
  const desk: NoticeDesk = new NoticeDesk({
    db: store.db,
    channels: options.channels ?? new Map(),
    model,
    broker: () => feed.status,
    operator: () => feed.operator,
    follow: (topics) => feed.follow(topics),
    onChange: () => hub.noteNotices(),
    onError,
    nowMs,
  });
  const room = new Room({ broker, access, signer, model: options.model, onError });
  const app = new App({
    page,
    model,
    memory,
    hub,
    sessions: new Sessions(options.token, nowMs),
    actions: new Actions({
      operator: () => feed.operator,
      model,
      onChanges,
      remembered: (agent) => memory.versions.newest(agent),
      onDeployed: (config, node) => memory.versions.note(config, "dashboard", node, nowMs() / 1000),
    }),
    room,
    desk,
    guard: { hostNames: options.hostNames },
    session,
    broker: () => feed.status,
    operator: () => feed.operator,
    messages: () => messages,
    nowMs,
    onError,
  });
  const server = await serve(options, app, async () => {
    hub[Symbol.dispose]();
    await store[Symbol.asyncDispose]();
  });
  feed.start();
  desk.start();
  const expiry = setInterval(() => onChanges(model.expire(nowMs())), EXPIRE_MS);
  const saving = setInterval(() => memory.save(), SAVE_MS);
  const tending = setInterval(() => void memory.tend(nowMs() / 1000).catch(onError), EXPIRE_MS);
  const settling = setInterval(() => onChanges(model.settle(nowMs())), SETTLE_MS);
  return {
    url: urlOf(options.listen, server.addr.port),
    [Symbol.asyncDispose]: async () => {
      clearInterval(expiry);
      clearInterval(saving);
      clearInterval(tending);
      clearInterval(settling);
      hub[Symbol.dispose]();
      await latecomer[Symbol.asyncDispose]();
      await room[Symbol.asyncDispose]();
      await server.shutdown();
      // Before the broker's connection and the database, which it needs to write down what it has sent.
      await desk[Symbol.asyncDispose]();
      await feed[Symbol.asyncDispose]();
      memory.save();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function serve(
  { listen, httpPort }: DashboardOptions,
  app: App,
  onFailure: () => Promise<void>,
): Promise<Deno.HttpServer<Deno.NetAddr>> {
  try {
    return Deno.serve(
      { hostname: listen, port: httpPort, onListen: () => {} },
      (request, { remoteAddr }) => app.handle(request, remoteAddr.hostname),
    );
  } catch (error) {
    await onFailure();
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(
      `Cannot listen on ${listen}:${httpPort}: the port is in use. Choose another with --http-port`,
    );
  }
}

function urlOf(listen: string, port: number): string {
  const isAny = listen === "0.0.0.0" || listen === "::";
  const host = isAny ? "localhost" : listen.includes(":") ? `[${listen}]` : listen;
  return `http://${host}:${port}/`;
}
