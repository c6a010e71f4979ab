/** Nodes that trust one key file, a broker, and somebody who holds a key. */
import { startEmbedded } from "./brokers.ts";
import { Bus } from "./bus.ts";
import { NodeProcess } from "./node_process.ts";
import { Commander, type KeyEntry, TrustFolder } from "./signing.ts";
import type { SigningKey } from "../../protocol/signing/issue.ts";

export interface TrustedScene {
  readonly bus: Bus;
  readonly folder: TrustFolder;
  readonly boss: Commander;
  /** Starts a node that trusts the folder's keys, and enrols it there: by `key`, or the first that it has shown. */
  readonly start: (name: string, stateDir?: string, args?: string[], key?: string) => Promise<NodeProcess>;
  readonly agentsOn: (node: string) => Promise<string[]>;
}

/** @param owner by whom commands are signed */
export async function onTrustedScene(
  owner: SigningKey,
  entries: readonly KeyEntry[],
  play: (scene: TrustedScene) => Promise<void>,
): Promise<void> {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using folder = await TrustFolder.make(entries);
  const start = async (name: string, stateDir?: string, args: string[] = [], key?: string) => {
    const from = bus.mark();
    const node = await NodeProcess.start({
      port: broker.port,
      name,
      args: ["--trust", folder.keyFile, ...args],
      ...(stateDir === undefined ? {} : { stateDir }),
    });
    await bus.on(`nodes/${name}/heartbeat`, (message) => Array.isArray(message.json?.agents), from);
    await folder.enrol(bus, name, key);
    return node;
  };
  const agentsOn = async (node: string): Promise<string[]> =>
    (await bus.ask(`nodes/${node}/list`, {})).json.agents.map((agent: { name: string }) => agent.name);
  await play({ bus, folder, boss: new Commander(bus, owner), start, agentsOn });
}
