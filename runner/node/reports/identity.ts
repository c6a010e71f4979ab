/** Who this node is, on the wire. */
import { nodeId } from "../../../protocol/ids.ts";
import type { BrokerUrl } from "../../../protocol/broker/broker_url.ts";

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
  /** Which of the releases installed here this is; `undefined` for a runner that was not deployed. */
  readonly release: string | undefined;
  /** When this process began, on the monotonic clock. */
  readonly startedMs: number;
}

export function createIdentity(
  name: string,
  broker: BrokerUrl,
  version: string,
  labels: NodeIdentity["labels"] = {},
  release?: string,
  startedMs = 0,
): NodeIdentity {
  const instance = crypto.randomUUID();
  return Object.freeze({
    name,
    nodeId: nodeId(name),
    instance,
    broker,
    version,
    labels,
    release,
    startedMs,
  });
}
