/** What the old node of an agent tells the new one. */
import { type Decision, decisionText, type Move } from "../../../protocol/signing/statements.ts";
import { topics } from "../../../protocol/topics.ts";
import type { Link } from "../../link/link.ts";
import type { NodeKey } from "../../trust/node_key.ts";

export class TargetLine {
  constructor(
    private readonly parts: { readonly node: string; readonly link: Link; readonly key: NodeKey },
  ) {}

  /** The target must not run the agent: neither now, nor when it comes back and finds the spawn. */
  callOff(
    { id, agent, target, cooperative }: {
      readonly id: string;
      readonly agent: { readonly name: string };
      readonly target: string;
      readonly cooperative: boolean;
    },
  ): void {
    const move = { id, agent: agent.name, from: this.parts.node, to: target };
    if (cooperative) this.decide(move, "abort");
    else this.send(topics.node(target, "stop"), { name: agent.name });
  }

  decide(move: Move, decision: Decision): void {
    const { id, agent, from, to } = move;
    const seal = this.parts.key.seal(decisionText(move, decision));
    this.send(topics.node(to, "migration"), { id, agent, from, decision, seal });
  }

  send(topic: string, value: unknown): void {
    void this.parts.link.publish({
      topic,
      payload: JSON.stringify(value),
      qos: 1,
      retain: false,
      class: "control",
    });
  }
}
