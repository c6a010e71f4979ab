/** Who this node is, on the wire. */
import { nodeId } from "../../protocol/ids.ts";
import type { BrokerUrl } from "../../bus/broker_url.ts";

export interface NodeIdentity {
  readonly name: string;
  /** The same for every process that has run under this name. */
  readonly nodeId: string;
  /** Of this process alone. */
  readonly instance: string;
  readonly broker: BrokerUrl;
  readonly version: string;
  /** What operators choose nodes by. */
  readonly labels: Readonly<Record<string, string>>;
}

export function createIdentity(
  name: string,
  broker: BrokerUrl,
  version: string,
  labels: NodeIdentity["labels"] = {},
): NodeIdentity {
  return Object.freeze({
    name,
    nodeId: nodeId(name),
    instance: crypto.randomUUID(),
    broker,
    version,
    labels,
  });
}
