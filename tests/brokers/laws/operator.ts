/** Laws about the programs of people. */
import { assertEquals } from "@std/assert";
import { actorId } from "../../../protocol/ids.ts";
import { ctlInProcess } from "../../support/ctl_here.ts";
import { openDashboard, post } from "../../support/dashboard.ts";
import { LiveClient } from "../../support/live_client.ts";
import type { Scene } from "../scene.ts";

const ECHO = "export function handle_task(agent, payload) { return { echo: payload }; }";

/** `agentflow` at one member finds, starts, asks and stops what is at another. */
export async function obeysTheCommandLine(scene: Scene): Promise<void> {
  const node = await scene.node("node", { broker: scene.address(1) });
  const name = scene.name("called");
  const file = `${await scene.folder()}/${name}.ts`;
  await Deno.writeTextFile(file, ECHO);
  const ctl = async (...args: string[]) => {
    const { code, stdout, stderr } = await ctlInProcess([...args, "--broker", scene.addresses]);
    assertEquals(code, 0, `agentflow ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const nodes: { node: string }[] = JSON.parse(await ctl("nodes", "--json"));
  assertEquals(nodes.map((one) => one.node).includes(node.name), true, JSON.stringify(nodes));
  await ctl("spawn", file, "--node", node.name);
  const agents: { agent: string }[] = JSON.parse(await ctl("agents", "--json"));
  assertEquals(agents.map((one) => one.agent).includes(name), true, JSON.stringify(agents));
  assertEquals(JSON.parse(await ctl("call", name, "[1]", "--json")), { echo: [1] });
  await ctl("stop", name);
}

/** The dashboard at one member shows and commands what is at another. */
export async function obeysTheDashboard(scene: Scene): Promise<void> {
  const node = await scene.node("node", { broker: scene.address(1) });
  const { url } = scene.use(await openDashboard(1883, { broker: scene.broker }));
  await using live = await LiveClient.open(url);
  await live.until(({ nodes }) => nodes.get(node.name)?.online === true);
  const name = scene.name("shown");
  const spawned = await post(`${url}api/nodes/${node.name}/spawn`, { name, code: ECHO });
  assertEquals(spawned.status, 200, spawned.json.message);
  await live.until(({ agents }) => agents.get(actorId(name))?.state === "running");
  const answer = await post(`${url}api/agents/${actorId(name)}/task`, { payload: [1] });
  assertEquals(answer.json.answer, { echo: [1] });
  assertEquals((await post(`${url}api/agents/${actorId(name)}/stop`, {})).json.ok, true);
}
