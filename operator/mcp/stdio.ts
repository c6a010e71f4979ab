/** Serves MCP to the program that has started this one, over its standard input and output. */
import type { Selection } from "../tools/catalog.ts";
import type { Workshop } from "../tools/tool.ts";
import { StdioServerTransport } from "./sdk.ts";
import { createServer } from "./server.ts";

/** Resolves when the client has gone, or at `signal`. Nothing else may write to stdout meanwhile. */
export async function serveStdio(
  workshop: Workshop,
  selection: Selection,
  signal: AbortSignal,
): Promise<void> {
  const server = createServer(workshop, selection);
  const over = Promise.withResolvers<void>();
  const { stdin } = await import("node:process");
  // The transport does not say that its input has ended.
  stdin.once("end", over.resolve);
  stdin.once("close", over.resolve);
  signal.addEventListener("abort", () => over.resolve());
  await server.connect(new StdioServerTransport());
  await over.promise;
  await server.close();
}
