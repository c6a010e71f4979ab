/** Explains why a sentence matches no form, and how to rephrase it. Pure. */

const ACTION =
  "(?:deploy|spawn|start|run|create|launch|install|stop|kill|terminate|move|migrate|restart|pause|resume)";

const REASONS: readonly (readonly [pattern: RegExp, reason: (match: string) => string])[] = [
  [/^(?:do not|don't|dont|never)\b/i, () => "It says what is not to be done: nothing is done"],
  [
    /^(?:if|when|unless|as soon as)\b/i,
    () => "What depends on something else is not understood: nothing is done",
  ],
  [
    new RegExp(`^${ACTION} .*(?:,|;| and| then) ?(?:then )?${ACTION} `, "i"),
    () => "One sentence, one action: say the first, then the next",
  ],
  [
    /^(restart|pause|resume)\b/i,
    (verb) =>
      `'${verb.toLowerCase()}' is not done in words: agentflow ${verb.toLowerCase()} AGENT does it, and so does ` +
      "its button on the dashboard",
  ],
  [
    /^(?:delete|remove)\b/i,
    () => "An agent is ended by: stop AGENT. With what it has kept, only by its button on the dashboard",
  ],
  [/^(?:stop|end|kill) (?:all|every)\b/i, () => "Agents are stopped one at a time: stop AGENT"],
];

export function whyNot(text: string): string {
  for (const [pattern, reason] of REASONS) {
    const match = pattern.exec(text);
    if (match !== null) return reason(match[1] ?? "");
  }
  return "It is none of the forms that are understood without a model";
}
