/** The node's identity on the wire. */
import { nodeId } from "../../../protocol/ids.ts";
import type { NodeKey } from "../../trust/node_key.ts";
import type { BrokerUrl } from "../../../protocol/broker/broker_url.ts";

export interface NodeIdentity {
  readonly name: string;
  /** The same for every process that has run under this name. */
  readonly nodeId: string;
  /** The key by which other nodes know this node. */
  readonly key: NodeKey;
  /** Unique to this process. */
  readonly instance: string;
  readonly broker: BrokerUrl;
  readonly version: string;
  /** Labels by which operators choose nodes. */
  readonly labels: Readonly<Record<string, string>>;
  /** When fleet files may change the node; `undefined`: always. */
  readonly window: string | undefined;
  /** The installed release that runs; `undefined` for a runner that was not deployed. */
  readonly release: string | undefined;
  /** When this process began, on the monotonic clock. */
  readonly startedMs: number;
}

/** Creates the identity, with a new `nodeId` and `instance`. */
export function createIdentity(
  { name, key, broker, version, labels = {}, window, release, startedMs = 0 }:
    & Pick<NodeIdentity, "name" | "key" | "broker" | "version">
    & Partial<Pick<NodeIdentity, "labels" | "window" | "release" | "startedMs">>,
): NodeIdentity {
  return Object.freeze({
    name,
    nodeId: nodeId(name),
    instance: crypto.randomUUID(),
    key,
    broker,
    version,
    labels,
    window,
    release,
    startedMs,
  });
}
