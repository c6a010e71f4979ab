/** The risk of starting an agent elsewhere while its node is off, in words. Pure, so that a page can show it, too. */

/** Explains the risk of abandoning an agent on a node that does not answer. */
export function riskOf(agent: string, node: string): string {
  return `Node '${node}' is off: it stops its '${agent}' when it is back and hears of this one. Until then both run if ` +
    "it is only cut off from the broker. What the agent has persisted stays there";
}
