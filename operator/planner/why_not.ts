/** Explains why a sentence matches no form, and how to rephrase it. Pure. */

const ACTION =
  "(?:deploy|spawn|start|run|create|launch|install|stop|kill|terminate|move|migrate|restart|pause|resume)";

const REASONS: readonly (readonly [pattern: RegExp, reason: (match: string) => string])[] = [
  [/^(?:do not|don't|dont|never)\b/i, () => "This says what not to do: nothing was done"],
  [
    /^(?:if|when|unless|as soon as)\b/i,
    () => "Conditions are not understood: nothing was done",
  ],
  [
    new RegExp(`^${ACTION} .*(?:,|;| and| then) ?(?:then )?${ACTION} `, "i"),
    () => "One sentence, one action: say the first, then the next",
  ],
  [
    /^(restart|pause|resume)\b/i,
    (verb) =>
      `'${verb.toLowerCase()}' is not understood in a sentence: use agentflow ${verb.toLowerCase()} AGENT or ` +
      "its button on the dashboard",
  ],
  [
    /^(?:delete|remove)\b/i,
    () => "To end an agent: stop AGENT. To also delete its state, use its button on the dashboard",
  ],
  [/^(?:stop|end|kill) (?:all|every)\b/i, () => "Agents are stopped one at a time: stop AGENT"],
];

export function whyNot(text: string): string {
  for (const [pattern, reason] of REASONS) {
    const match = pattern.exec(text);
    if (match !== null) return reason(match[1] ?? "");
  }
  return "Without a model, this sentence is not understood";
}
