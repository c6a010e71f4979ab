/** `agentflow mcp` as its own process, and the SDK's client that speaks to it. */
import { fileURLToPath } from "node:url";
import { Client, StdioClientTransport, StreamableHTTPClientTransport } from "./mcp_sdk.ts";

const MAIN = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));

const argsFor = (port: number, more: readonly string[]) => [
  ...["run", "-A", MAIN, "mcp", "--broker", "127.0.0.1", "--port", String(port)],
  ...more,
];

/** A client, connected to a server of its own over stdin and stdout. */
export async function overStdio(
  port: number,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<McpClient> {
  const transport = new StdioClientTransport({
    command: Deno.execPath(),
    args: argsFor(port, args),
    env: { ...Deno.env.toObject(), XDG_CONFIG_HOME: "/nonexistent", ...env },
    stderr: "pipe",
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  return new McpClient(client, () => Promise.resolve());
}

/** The server over HTTP, at a port of its own. */
export class HttpMcp implements AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly child: Deno.ChildProcess,
    private readonly reading: Promise<void>,
  ) {}

  static async start(
    port: number,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<HttpMcp> {
    const child = new Deno.Command(Deno.execPath(), {
      args: argsFor(port, ["--http", "0", ...args]),
      env: { XDG_CONFIG_HOME: "/nonexistent", ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const url = Promise.withResolvers<string>();
    const reading = (async () => {
      let text = "";
      for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const found = /MCP server at (\S+)/.exec(text)?.[1];
        if (found !== undefined) url.resolve(found);
      }
      url.reject(new Error(`It ended: ${text}`));
    })();
    return new HttpMcp(await url.promise, child, reading);
  }

  /** @param mode of the SDK: `legacy` is a revision of 2025 or before; `auto` takes the newest that both speak */
  async connect(
    headers: Readonly<Record<string, string>> = {},
    mode: "legacy" | "auto" = "legacy",
  ): Promise<McpClient> {
    const transport = new StreamableHTTPClientTransport(new URL(this.url), { requestInit: { headers } });
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
    // The SDK's own types say what `exactOptionalPropertyTypes` does not let them be.
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    return new McpClient(client, () => transport.terminateSession());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.status;
    await this.reading;
  }
}

/** Invariant: the client, and a server over stdio, have ended when it is disposed of. */
export class McpClient implements AsyncDisposable {
  constructor(readonly client: Client, private readonly leave: () => Promise<void>) {}

  /** Calls a tool; its result as data. */
  async call(
    name: string,
    args: Record<string, unknown> = {},
    options: Parameters<Client["callTool"]>[1] = {},
    // deno-lint-ignore no-explicit-any -- tests look into results of every shape
  ): Promise<{ readonly isError: boolean; readonly value: any; readonly text: string }> {
    const result = await this.client.callTool({ name, arguments: args }, {
      timeout: 60_000,
      ...options,
    });
    const [first] = result.content;
    const text = first?.type === "text" ? first.text : "";
    return { isError: result.isError === true, value: result.structuredContent, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.client.close();
  }
}
