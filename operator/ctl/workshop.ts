/** Opens the workshop for the tools of the MCP server and the chat, on the command line's connection. */
import { Journal } from "../fleet/journal.ts";
import type { Operator } from "../operator.ts";
import { nameOfOperator } from "../operator_name.ts";
import { watchFleet } from "../operations/survey.ts";
import type { DeployNode, Workshop } from "../tools/tool.ts";
import { BROKER_FLAGS } from "../../protocol/broker/broker_flags.ts";
import type { Run } from "./cli.ts";
import { OWN_FLAGS, readDeploy } from "../deploy/options.ts";
import { runDeploy } from "../deploy/run.ts";

/** Listens to the fleet and its logs until disposed. */
export async function openWorkshop(run: Run, operator: Operator): Promise<Workshop & Disposable> {
  using parts = new DisposableStack();
  parts.use(await watchFleet(operator));
  const journal = parts.use(await Journal.open(operator.bus));
  const kept = parts.move();
  return {
    operator,
    journal,
    by: nameOfOperator(run.env),
    deployNode: deployer(run),
    [Symbol.dispose]: () => kept.dispose(),
  };
}

/** Deploys like the `deploy` command, with only the options that a request can give. */
function deployer({ env }: Run): DeployNode {
  return async ({ node, address, broker, ssh_port }, report, signal) => {
    const to = ssh_port === undefined ? address : `ssh://${address}:${ssh_port}`;
    const options = readDeploy(node, [], (flag) => {
      if (flag === OWN_FLAGS.to) return to;
      return flag.name === BROKER_FLAGS.broker.name ? broker : undefined;
    });
    return (await runDeploy(options, { env, report, signal })).json;
  };
}
