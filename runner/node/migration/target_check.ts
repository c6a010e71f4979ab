/** Decides whether an agent may move to another node. */
import { ExpectedError } from "../../../protocol/expected_error.ts";
import type { Move } from "../../../protocol/signing/statements.ts";
import type { Reporter } from "../reports/reporter.ts";
import { type ProbeParts, probePeer } from "./peer_probe.ts";

/** Why an agent stays here; the message is for the operator. */
export class DepartureError extends ExpectedError {
  override name = "DepartureError";
}

/** What a move must know about its target. */
export interface Target {
  readonly cooperative: boolean;
  /** The key that the persisted state is sealed for. */
  readonly box?: string | undefined;
}

/** @throws DepartureError */
export async function checkTarget(
  move: Move,
  parts: ProbeParts & { readonly reporter: Reporter },
): Promise<Target> {
  const { agent, to, from } = move;
  const { peers, reporter } = parts;
  const because = (reason: string) => new DepartureError(`Cannot migrate '${agent}': node '${to}' ${reason}`);
  if (peers.demandsProof && !await peers.know(to)) {
    throw because(
      `is not enrolled here, as --trust demands: agentflow key enrol ${to}. With --trust-mode warn, it moves anyway`,
    );
  }
  if (peers.onlyWarn && !await peers.know(to)) {
    reporter.nodeLog(
      "log",
      `The move of '${agent}' to node '${to}', which is not enrolled here, would be refused (only warned of: ` +
        "--trust-mode is warn)",
      { code: "unknown_node", child_name: agent },
    );
  }
  const peer = await probePeer(move, parts);
  switch (peer.kind) {
    case "offline":
      throw because("is offline");
    case "silent":
      throw because("does not answer; is its name right?");
    case "unproved":
      throw because("answers, but not with the key that is enrolled here: see agentflow key enrol");
    case "online":
      if (peer.offer === "taken") throw because("already runs an agent of that name");
      if (peer.offer === "stranger") {
        throw because(`does not know node '${from}': enrol it there (agentflow key enrol ${from})`);
      }
      return peer;
    default:
      return peer satisfies never;
  }
}
