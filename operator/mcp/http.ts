/**
 * Serves MCP over streamable HTTP. Clients with a protocol revision of 2025 or earlier have a session; since revision
 * 2026-07-28, requests are stateless.
 */
import type { Selection } from "../tools/catalog.ts";
import type { Workshop } from "../tools/tool.ts";
import { codesOf } from "../../protocol/expected_error.ts";
import { Bodies, RequestError } from "../http/bodies.ts";
import { type GuardOptions, refusalOf } from "./request_guard.ts";
import {
  createMcpHandler,
  isLegacyRequest,
  type McpHttpHandler,
  WebStandardStreamableHTTPServerTransport as HttpTransport,
} from "./sdk.ts";
import { createServer } from "./server.ts";

export interface HttpOptions extends GuardOptions {
  readonly hostname: string;
  /** 0 = any free port. */
  readonly port: number;
}

interface McpSession {
  readonly transport: HttpTransport;
  lastUsedMs: number;
}

const PATH = "/mcp";
/** Opening another session closes the one that has been idle longest. */
const MAX_SESSIONS = 64;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * Invariants: a session answers only its own client, identified by an unguessable id; at most `MAX_SESSIONS` exist.
 */
export class HttpServer implements AsyncDisposable {
  readonly #sessions = new Map<string, McpSession>();
  readonly #bodies = new Bodies();
  readonly #modern: McpHttpHandler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(
    private readonly workshop: Workshop,
    private readonly selection: Selection,
    private readonly options: HttpOptions,
  ) {
    const { hostname, port } = options;
    this.#modern = createMcpHandler(() => createServer(workshop, selection), {
      legacy: "reject",
      maxRequestBodySize: MAX_BODY_BYTES,
      maxSubscriptions: MAX_SESSIONS,
    });
    this.#server = Deno.serve({ hostname, port, onListen: () => {} }, (request) => this.#handle(request));
  }

  get url(): string {
    const { hostname, port } = this.#server.addr;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}${PATH}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#modern.close(),
      ...[...this.#sessions.values()].map(({ transport }) => transport.close()),
    ]);
    await this.#server.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const refusal = refusalOf(request.headers, this.options);
    if (refusal !== undefined) {
      const headers = refusal.status === 401 ? { "www-authenticate": "Bearer" } : {};
      return problem(refusal.status, refusal.reason, headers);
    }
    if (new URL(request.url).pathname !== PATH) return problem(404, `MCP is at ${PATH}`);
    try {
      return await this.#answer(await this.#whole(request));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return problem(codesOf(error).http, error.message);
    }
  }

  /** Reads the body here: the SDK would wait for any number of bodies, for any length of time. */
  async #whole(request: Request): Promise<Request> {
    if (request.body === null) return request;
    const body = await this.#bodies.read(request, MAX_BODY_BYTES);
    const { method, headers, signal } = request;
    return new Request(request.url, { method, headers, body, signal });
  }

  async #answer(request: Request): Promise<Response> {
    if (!await isLegacyRequest(request)) return await this.#modern.fetch(request);
    const id = request.headers.get("mcp-session-id");
    if (id === null) return await this.#begin(request);
    const session = this.#sessions.get(id);
    if (session === undefined) return problem(404, "There is no such session: initialize again");
    session.lastUsedMs = performance.now();
    return await session.transport.handleRequest(request);
  }

  /** Gives a request without a session a server of its own, kept as a session if the request initializes one. */
  async #begin(request: Request): Promise<Response> {
    const transport: HttpTransport = new HttpTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      maxRequestBodySize: MAX_BODY_BYTES,
      onsessioninitialized: (id): void => this.#keep(id, transport),
    });
    const server = createServer(this.workshop, this.selection);
    await server.connect(transport);
    // The SDK's server has set its own handler: keep calling it.
    const closed = transport.onclose;
    transport.onclose = () => {
      closed?.();
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
    };
    const response = await transport.handleRequest(request);
    if (transport.sessionId === undefined) await server.close();
    return response;
  }

  #keep(id: string, transport: HttpTransport): void {
    this.#sessions.set(id, { transport, lastUsedMs: performance.now() });
    if (this.#sessions.size <= MAX_SESSIONS) return;
    const [oldest] = [...this.#sessions].toSorted(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
    if (oldest === undefined) return;
    this.#sessions.delete(oldest[0]);
    oldest[1].transport.close();
  }
}

function problem(status: number, message: string, headers: HeadersInit = {}): Response {
  const body = { jsonrpc: "2.0", error: { code: -32000, message }, id: null };
  return Response.json(body, { status, headers });
}
