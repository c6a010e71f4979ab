/** What the tools of the MCP server and of the chat work with, made from the command line's connection. */
import { Journal } from "../operator/journal.ts";
import type { Operator } from "../operator/operator.ts";
import { watchFleet } from "../operator/operations/survey.ts";
import type { DeployNode, Workshop } from "../operator/tools/tool.ts";
import type { Run } from "./cli.ts";

/** Listens to the fleet and to its logs until it is disposed of. */
export async function openWorkshop(run: Run, operator: Operator): Promise<Workshop & Disposable> {
  using parts = new DisposableStack();
  parts.use(await watchFleet(operator));
  const journal = parts.use(await Journal.open(operator.bus));
  const kept = parts.move();
  return { operator, journal, deployNode: deployer(run), [Symbol.dispose]: () => kept.dispose() };
}

/** As `agentflow deploy` does it, with its defaults. */
function deployer({ env }: Run): DeployNode {
  return async ({ node, address, broker, ssh_port }, report) => {
    const { readDeploy } = await import("./deploy/options.ts");
    const { runDeploy } = await import("./deploy/run.ts");
    const to = ssh_port === undefined ? address : `ssh://${address}:${ssh_port}`;
    const given: Readonly<Record<string, string>> = { to, broker };
    const { json } = await runDeploy(readDeploy(node, [], ({ name }) => given[name]), { env, report });
    return json;
  };
}
