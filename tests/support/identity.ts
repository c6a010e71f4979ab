/** A node that is nowhere, for tests of one part. */
import { createIdentity, type NodeIdentity } from "../../runner/node/reports/identity.ts";
import { NodeKey } from "../../runner/trust/node_key.ts";

/** What is in the file of a node's key. */
export function testSecret(name: string): string {
  return new TextEncoder().encode(name.padEnd(32, ".")).slice(0, 32).toHex();
}

export function testKey(name: string): NodeKey {
  return new NodeKey(testSecret(name));
}

/** A state folder of a node that has such a key. */
export async function stateFolderWithKey(node: string, secret: string): Promise<string> {
  const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
  await Deno.mkdir(`${stateDir}/agentflow_${node}.registry`, { mode: 0o700 });
  await Deno.writeTextFile(`${stateDir}/agentflow_${node}.registry/node_key`, secret, { mode: 0o600 });
  return stateDir;
}

export function testIdentity(name = "n"): NodeIdentity {
  const broker = { host: "b", port: 1883, url: "mqtt://b:1883" };
  return createIdentity({ name, key: testKey(name), broker, version: "1.0.0" });
}
