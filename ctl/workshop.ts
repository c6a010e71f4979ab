/** What the tools of the MCP server and of the chat work with, made from the command line's connection. */
import { Journal } from "../operator/journal.ts";
import type { Operator } from "../operator/operator.ts";
import { watchFleet } from "../operator/operations/survey.ts";
import type { Workshop } from "../operator/tools/tool.ts";
import type { Run } from "./cli.ts";

/** Listens to the fleet and to its logs until it is disposed of. */
export async function openWorkshop(_run: Run, operator: Operator): Promise<Workshop & Disposable> {
  using parts = new DisposableStack();
  parts.use(await watchFleet(operator));
  const journal = parts.use(await Journal.open(operator.bus));
  const kept = parts.move();
  return { operator, journal, deployNode: undefined, [Symbol.dispose]: () => kept.dispose() };
}
