/** The tool that deploys hands over what was asked for, and tells how it went. */
import { assertEquals, assertMatch } from "@std/assert";
import { DEPLOY_TOOLS } from "../../../../operator/tools/deploy.ts";
import { toolsOf } from "../../../../operator/tools/catalog.ts";
import type { DeployNode, DeployRequest, Workshop } from "../../../../operator/tools/tool.ts";

const [tool] = DEPLOY_TOOLS;
const REQUEST = { node: "attic", address: "pi@10.0.0.4", broker: "mqtts://broker.lan:8883" };

async function deploy(input: unknown, deployNode: DeployNode) {
  const heard: string[] = [];
  const call = { signal: new AbortController().signal, onProgress: (message: string) => heard.push(message) };
  // Nothing else of the workshop is for this tool.
  const result = await tool?.run(input, { deployNode } as Workshop, call);
  return { result, heard };
}

Deno.test("a deploy gets the request as it was asked for, and passes progress and result on", async () => {
  const asked: DeployRequest[] = [];
  const { result, heard } = await deploy({ ...REQUEST, ssh_port: 2222 }, (request, onProgress) => {
    asked.push(request);
    onProgress("Uploading");
    return Promise.resolve({ action: "installed" });
  });
  assertEquals(asked, [{ ...REQUEST, ssh_port: 2222 }]);
  assertEquals([result, heard], [{ ok: true, value: { action: "installed" } }, ["Uploading"]]);
});

Deno.test("why a deploy has failed is told", async () => {
  const { result } = await deploy(REQUEST, () => Promise.reject(new Error("Cannot reach pi@10.0.0.4")));
  assertEquals(result, { ok: false, value: { error: "Cannot reach pi@10.0.0.4" } });
});

Deno.test("what could be a flag of ssh, or no name, is refused before anything is done", async () => {
  const never: DeployNode = () => Promise.reject(new Error("it was called"));
  for (
    const [change, message] of [
      [{ address: "-oProxyCommand=id" }, /USER@HOST/],
      [{ address: "pi@-oProxyCommand=id" }, /USER@HOST/],
      [{ address: "pi@host;reboot" }, /USER@HOST/],
      [{ node: "../x" }, /must be 1 to 64/],
      [{ broker: "--policy" }, /must be a host/],
      [{ ssh_port: 0 }, /ssh_port/],
    ] as const
  ) {
    const { result } = await deploy({ ...REQUEST, ...change }, never);
    assertEquals(result?.ok, false, JSON.stringify(change));
    assertMatch(String(result?.value.error), message);
  }
});

Deno.test("where this program cannot deploy, there is no tool for it", () => {
  const names = (deployNode: DeployNode | undefined) =>
    toolsOf({ deployNode }, { readOnly: false }).map(({ name }) => name).filter((name) =>
      name === "deploy_node"
    );
  assertEquals([names(undefined), names(() => Promise.resolve({}))], [[], ["deploy_node"]]);
});
