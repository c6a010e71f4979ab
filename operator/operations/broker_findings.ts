/** Says what a broker lacks that this project uses, what that means, and what to set. Pure. */
import type { AddressTrial, BrokerTrial } from "./broker_trial.ts";
import type { Finding } from "./diagnosis.ts";

/** Slower ones are worth a word, milliseconds. */
const SLOW_MESSAGE_MS = 250;
const SLOW_SUBSCRIPTION_MS = 250;

const CHECK = "broker";

export function brokerFindings(trial: BrokerTrial): Finding[] {
  const { latencyMs, subscribeMs, retainsExact, retainsWildcard, copies, others } = trial;
  const findings: Finding[] = [];
  if (!retainsExact) {
    findings.push(warn(
      "keeps no retained messages",
      "a spawn or a generation for a node that is off is lost: use --later and apply only for nodes that are online",
    ));
  } else if (!retainsWildcard) {
    findings.push(warn(
      "does not send retained messages to subscriptions with wildcards",
      "nodes that are off are not listed, and history and status do not find generations; commands that wait work",
    ));
  }
  if (subscribeMs > SLOW_SUBSCRIPTION_MS) {
    findings.push(warn(
      `takes ${Math.round(subscribeMs)} ms for a subscription`,
      "a node needs about ten, one after the other. NATS limits them, too: set max_ack_pending: 100 in its mqtt block",
    ));
  }
  if (latencyMs > SLOW_MESSAGE_MS) {
    findings.push(warn(
      `takes ${Math.round(latencyMs)} ms for a message`,
      "is it overloaded, or far away? The answer to a send_to takes at least twice as long",
    ));
  }
  if (copies > 1) {
    findings.push(ok("sends a copy for each subscription that matches: nodes and agentflow drop the others"));
  }
  for (const other of others) findings.push(...otherFindings(other, retainsExact));
  return findings.some(({ status }) => status !== "ok")
    ? findings
    : [...findings, ok("does all that this project needs")];
}

function otherFindings({ url, problem, delivers, retains }: AddressTrial, isRetaining: boolean): Finding[] {
  if (problem !== undefined) {
    return [warn(problem, "nodes that are connected to another address go on; is this member down?")];
  }
  if (!delivers) {
    return [{
      check: CHECK,
      status: "failed",
      message: `${url} does not pass on what is published at the first address`,
      advice: "are they members of one cluster? Nodes at one address cannot be reached from the other",
    }];
  }
  if (isRetaining && !retains) {
    return [warn(
      `${url} does not have what is retained at the first address`,
      "commands that wait for a node are found only at the member they were given to: name the same address first " +
        "everywhere. On RabbitMQ, mqtt.durable_queue_type = quorum keeps at least sessions on all members",
    )];
  }
  return [];
}

function ok(message: string): Finding {
  return { check: CHECK, status: "ok", message, advice: undefined };
}

function warn(message: string, advice: string): Finding {
  return { check: CHECK, status: "warning", message, advice };
}
