/**
 * A model's server on loopback that says what a test has written down. It speaks the streaming protocols of OpenAI's chat
 * completions and of Anthropic's messages.
 */

export interface ModelCall {
  readonly name: string;
  /** An object, or text that is to stand for one as it is. */
  readonly input: unknown;
}

/** One answer. */
export type Scripted =
  | { readonly text?: string; readonly calls?: readonly ModelCall[] }
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Sent as it is. */
  | { readonly raw: string }
  /** The connection stays open, and nothing more comes. */
  | { readonly hang: true };

export interface SeenRequest {
  readonly path: string;
  readonly authorization: string | null;
  // deno-lint-ignore no-explicit-any -- two protocols, looked into by tests
  readonly body: any;
}

/** Invariant: each request gets the next answer; one too many gets a 500 that says so. */
export class ModelServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #hanging = new AbortController();
  #next = 0;

  constructor(private readonly script: readonly Scripted[]) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** As it is given for `--model-url`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/v1`;
  }

  /** Everything that the model was told in its last request, as text. */
  get lastTold(): string {
    return JSON.stringify(this.requests.at(-1)?.body.messages);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hanging.abort();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const authorization = request.headers.get("authorization") ?? request.headers.get("x-api-key");
    this.requests.push({ path: pathname, authorization, body: await request.json() });
    const answer = this.script[this.#next++];
    if (answer === undefined) return new Response("the script has ended", { status: 500 });
    if ("status" in answer) {
      const body = answer.body ?? { error: { message: `scripted ${answer.status}`, type: "scripted" } };
      return Response.json(body, { status: answer.status, headers: { ...answer.headers } });
    }
    if ("raw" in answer) return stream([answer.raw]);
    if ("hang" in answer) return this.#hang();
    return stream(pathname.endsWith("/messages") ? anthropic(answer) : openai(answer));
  }

  #hang(): Response {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#hanging.signal]);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) =>
        signal.addEventListener("abort", () => {
          if (!stop.signal.aborted) controller.close();
        }),
      // The client has gone: there is nothing left to close.
      cancel: () => stop.abort(),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

type Words = { readonly text?: string; readonly calls?: readonly ModelCall[] };

function stream(events: readonly string[]): Response {
  return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
}

const json = (input: unknown): string => typeof input === "string" ? input : JSON.stringify(input);
/** In two parts: what is streamed comes in pieces. */
const halves = (text: string): string[] => {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== "");
};

function openai({ text = "", calls = [] }: Words): string[] {
  const chunk = (delta: unknown, finish: string | null = null) =>
    `data: ${
      JSON.stringify({
        id: "chat-1",
        object: "chat.completion.chunk",
        created: 1,
        model: "scripted",
        choices: [{ index: 0, delta, finish_reason: finish }],
      })
    }\n\n`;
  return [
    chunk({ role: "assistant", content: "" }),
    ...halves(text).map((content) => chunk({ content })),
    ...calls.flatMap(({ name, input }, index) => [
      chunk({
        tool_calls: [{
          index,
          id: `call_${crypto.randomUUID()}`,
          type: "function",
          function: { name, arguments: "" },
        }],
      }),
      ...halves(json(input)).map((part) => chunk({ tool_calls: [{ index, function: { arguments: part } }] })),
    ]),
    chunk({}, calls.length > 0 ? "tool_calls" : "stop"),
    "data: [DONE]\n\n",
  ];
}

function anthropic({ text = "", calls = [] }: Words): string[] {
  const event = (type: string, data: Record<string, unknown>) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const block = (index: number, content_block: unknown, deltas: readonly unknown[]) => [
    event("content_block_start", { index, content_block }),
    ...deltas.map((delta) => event("content_block_delta", { index, delta })),
    event("content_block_stop", { index }),
  ];
  const usage = { input_tokens: 1, output_tokens: 1 };
  const first = text === "" ? 0 : 1;
  return [
    event("message_start", {
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "scripted",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage,
      },
    }),
    ...(text === "" ? [] : block(
      0,
      { type: "text", text: "" },
      halves(text).map((part) => ({ type: "text_delta", text: part })),
    )),
    ...calls.flatMap(({ name, input }, index) =>
      block(
        index + first,
        { type: "tool_use", id: `toolu_${crypto.randomUUID()}`, name, input: {} },
        halves(json(input)).map((partial_json) => ({ type: "input_json_delta", partial_json })),
      )
    ),
    event("message_delta", {
      delta: { stop_reason: calls.length > 0 ? "tool_use" : "end_turn", stop_sequence: null },
      usage,
    }),
    event("message_stop", {}),
  ];
}
