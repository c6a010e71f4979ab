/** Answers every request: guards first, then the page, the live connection and the REST API. */
import { codesOf, ExpectedError, wordsOf } from "../../../../protocol/expected_error.ts";
import type { Operator } from "../../../operator.ts";
import type { BrokerStatus, ViewerSession } from "../../wire.ts";
import type { Room } from "../chat/room.ts";
import type { Actions } from "../control/actions.ts";
import { CodeChecks } from "../control/check.ts";
import { inspect } from "../control/inspect.ts";
import type { Hub } from "../live/hub.ts";
import type { Memory } from "../memory/memory.ts";
import type { Model } from "../model/model.ts";
import type { NoticeDesk } from "../notice/desk.ts";
import type { Page, PageFile } from "../page_files.ts";
import { read } from "./api.ts";
import { chatSocket } from "./chat_socket.ts";
import { act } from "./control.ts";
import { type GuardOptions, refusal } from "./guard.ts";
import { metricsText } from "./metrics.ts";
import { readPast } from "./past.ts";
import { openApi } from "./openapi.ts";
import { Bodies, RequestError } from "../../../http/bodies.ts";
import { parseBody, requiredText } from "./parameters.ts";
import { contentPolicy, json, problem, respond } from "./responses.ts";
import type { Sessions } from "./sessions.ts";

/** The page never sends larger messages. */
const MAX_BROWSER_MESSAGE = 4096;
const PING_SECONDS = 30;
/** The sender is not authenticated yet: allow no more than a token needs. */
const MAX_LOGIN_BYTES = 4096;
/** A spawn config may hold 1 MiB of code, and JSON escapes some characters as six. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Everybody who may act is the same person to this server. */
const SOMEBODY = "the operator";

export interface AppOptions {
  readonly page: Page;
  readonly model: Model;
  readonly memory: Memory;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly actions: Actions;
  readonly room: Room;
  readonly desk: NoticeDesk;
  readonly guard: GuardOptions;
  readonly session: ViewerSession;
  readonly broker: () => BrokerStatus;
  /** @throws Error while there is no connection to the broker */
  readonly operator: () => Operator;
  readonly messages: () => number;
  readonly nowMs: () => number;
  readonly onError: (error: unknown) => void;
}

export class App {
  readonly #bodies = new Bodies();
  readonly #checks = new CodeChecks();

  constructor(private readonly options: AppOptions) {}

  /** @param who the address of the client @returns always a response; internal errors are logged, not shown */
  async handle(request: Request, who: string): Promise<Response> {
    try {
      return await this.#answer(request, who);
    } catch (error) {
      if (error instanceof ExpectedError) return problem(codesOf(error).http, wordsOf(error));
      this.options.onError(error);
      return problem(500, "the dashboard failed to answer: see its log");
    }
  }

  async #answer(request: Request, who: string): Promise<Response> {
    const { headers, method } = request;
    const isWebSocket = isUpgrade(request);
    const refused = refusal({
      method,
      host: headers.get("host"),
      origin: headers.get("origin"),
      fetchSite: headers.get("sec-fetch-site"),
      contentType: headers.get("content-type"),
      isWebSocket,
    }, this.options.guard);
    if (refused !== undefined) return problem(403, refused);
    const { pathname, searchParams } = new URL(request.url);
    if (method !== "GET" && method !== "HEAD" && method !== "POST") {
      return problem(405, "only GET and POST are known", { allow: "GET, HEAD, POST" });
    }
    return method === "POST"
      ? await this.#post(pathname, request, who)
      : await this.#get(pathname, searchParams, request);
  }

  async #get(path: string, query: URLSearchParams, request: Request): Promise<Response> {
    const { page, sessions, broker } = this.options;
    if (path === "/") return this.#document();
    const file = page.files.get(path);
    if (file !== undefined) return fileResponse(file, request.headers);
    if (path === "/healthz") {
      const { connected, reason } = broker();
      return json({ ok: connected, broker: connected ? "connected" : reason }, connected ? 200 : 503);
    }
    if (path === "/favicon.ico") return respond(null, 204, "image/x-icon");
    if (!sessions.admits(request.headers)) return unauthorized();
    if (path === "/live") return this.#live(request);
    if (path === "/chat") return this.#chat(request);
    if (path === "/metrics") return this.#metrics();
    if (path === "/api/openapi.json") return json(openApi(this.options.session.version));
    const parts = apiParts(path);
    if (parts === undefined) return problem(404, "there is no such page");
    const answer = parts[0] === "agents" && parts[2] === "inspect" && parts.length === 3
      ? await this.#inspect(parts[1] ?? "")
      : parts[0] === "notices" && parts.length === 1
      ? await this.options.desk.board()
      : await readPast(parts, query, this.options) ?? read(parts, query, this.options);
    return answer === undefined
      ? problem(404, "there is no such resource: see /api/openapi.json")
      : json(answer);
  }

  async #post(path: string, request: Request, who: string): Promise<Response> {
    const { sessions, session, actions, model, memory, nowMs } = this.options;
    const isSecure = request.headers.get("x-forwarded-proto") === "https";
    if (path === "/api/login") {
      const cookie = sessions.login(
        requiredText(await this.#body(request, MAX_LOGIN_BYTES), "token"),
        isSecure,
      );
      return cookie === undefined
        ? problem(401, "this is not the token")
        : json({ ok: true }, 200, { "set-cookie": cookie });
    }
    if (!sessions.admits(request.headers)) return unauthorized();
    if (path === "/api/logout") {
      return json({ ok: true }, 200, { "set-cookie": sessions.logout(request.headers, isSecure) });
    }
    const parts = apiParts(path);
    if (parts === undefined) return problem(404, "there is no such page");
    if (!session.control) return onlyShows();
    if (parts.length === 1 && parts[0] === "check") {
      const body = await this.#body(request, MAX_BODY_BYTES);
      return json(await this.#checks.check(body, request.signal));
    }
    const [, id = "", action = ""] = parts;
    const target = parts[0] === "agents" ? model.agent(id)?.name ?? id : id;
    const body = await this.#body(request, MAX_BODY_BYTES);
    const outcome = await act(parts, body, actions) ?? await this.options.desk.act(parts, body, SOMEBODY);
    if (outcome !== undefined) {
      const { ok, message } = outcome;
      memory.audit({ time: nowMs() / 1000, who, action, target, ok, message });
    }
    if (outcome === undefined) return problem(404, "there is no such action: see /api/openapi.json");
    return json(outcome, outcome.ok ? 200 : 409);
  }

  async #body(request: Request, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
    return parseBody(await this.#bodies.read(request, maxBytes));
  }

  async #inspect(idOrName: string): Promise<unknown> {
    const { model, memory, operator, session } = this.options;
    return await inspect(idOrName, { model, memory, operator, showCode: session.show_code });
  }

  #document(): Response {
    const nonce = crypto.randomUUID().replaceAll("-", "");
    return respond(this.options.page.document(nonce), 200, "text/html; charset=utf-8", {
      "content-security-policy": contentPolicy(nonce),
    });
  }

  #metrics(): Response {
    const { model, nowMs, broker, hub, messages } = this.options;
    const text = metricsText({
      model,
      nowMs,
      messages,
      isConnected: () => broker().connected,
      browsers: () => hub.size,
      residentBytes: () => Deno.memoryUsage().rss,
    });
    return respond(text, 200, "text/plain; version=0.0.4; charset=utf-8");
  }

  #chat(request: Request): Response {
    const { room, session, sessions } = this.options;
    if (!session.control) return onlyShows();
    // Only the origin of WebSocket requests has been checked.
    if (!isUpgrade(request)) return noUpgrade();
    // Copied: the request's headers are unreadable after the upgrade.
    const headers = new Headers(request.headers);
    return chatSocket(request, room, () => sessions.admits(headers));
  }

  #live(request: Request): Response {
    if (!isUpgrade(request)) return noUpgrade();
    const { hub, nowMs } = this.options;
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: PING_SECONDS });
    socket.onopen = () => {
      const viewer = hub.join({
        send: (message) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(message);
        },
        close: (reason) => socket.close(4000, reason),
      });
      if (viewer === undefined) return socket.close(4001, "too many browsers");
      socket.onmessage = ({ data }) => {
        if (typeof data === "string" && data.length <= MAX_BROWSER_MESSAGE) viewer.receive(data, nowMs());
      };
      socket.onclose = () => hub.leave(viewer);
    };
    // A close event follows.
    socket.onerror = () => {};
    return response;
  }
}

function isUpgrade({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

function noUpgrade(): Response {
  return problem(426, "only for the page's WebSocket", { upgrade: "websocket" });
}

function onlyShows(): Response {
  return problem(403, "this dashboard is read-only: its operator can change that with --allow-control");
}

/** `/api/agents/x/history` → `["agents", "x", "history"]`. */
function apiParts(path: string): string[] | undefined {
  if (!path.startsWith("/api/")) return undefined;
  try {
    return path.slice("/api/".length).split("/").map(decodeURIComponent);
  } catch {
    throw new RequestError("usage", "the path is not well formed");
  }
}

function unauthorized(): Response {
  return problem(401, "a token is needed: log in, or send Authorization: Bearer TOKEN", {
    "www-authenticate": "Bearer",
  });
}

function fileResponse({ body, gzipped, contentType }: PageFile, headers: Headers): Response {
  const takesGzip = /\bgzip\b/.test(headers.get("accept-encoding") ?? "");
  return respond(takesGzip ? gzipped : body, 200, contentType, {
    "cache-control": "public, max-age=31536000, immutable",
    vary: "accept-encoding",
    ...(takesGzip ? { "content-encoding": "gzip" } : {}),
  });
}
