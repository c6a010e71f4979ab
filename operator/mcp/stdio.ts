/** Serves MCP over stdin and stdout to the program that started this one. */
import type { Selection } from "../tools/catalog.ts";
import type { Workshop } from "../tools/tool.ts";
import { serveStdio as serve } from "./sdk.ts";
import { createServer } from "./server.ts";

/** Resolves when the client has gone or `signal` is aborted. Until then nothing else may write to stdout. */
export async function serveStdio(
  workshop: Workshop,
  selection: Selection,
  signal: AbortSignal,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const { stdin } = await import("node:process");
  // The SDK does not report the end of its input.
  stdin.once("end", over.resolve);
  stdin.once("close", over.resolve);
  signal.addEventListener("abort", () => over.resolve());
  const serving = serve(() => createServer(workshop, selection));
  await over.promise;
  await serving.close();
}
