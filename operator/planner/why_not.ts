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
  [
    /^(?:stop|end|kill) (?:all|every)\b/i,
    () => "Agents are stopped by name: stop AGENT, or stop AGENT and AGENT",
  ],
];

/** Times of day: agents support only intervals. */
const AT_A_TIME = new RegExp(
  "\\b(?:every|each|at|by|on|this|next|in the) (?:night|morning|evening|afternoon|noon|midnight|weekday|weekend|week|month|year|" +
    "(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\\b|\\b(?:nightly|weekly|monthly|yearly|tomorrow|tonight|yesterday|later)\\b" +
    "|\\bat \\d{1,2}(?::\\d\\d)?(?: ?(?:am|pm|o'?clock))?(?=$| |,)(?! ?(?:%|percent|degrees))" +
    "|\\b(?:in|after) (?:\\d+|a|an|half an?|one|two|three|five|ten) (?:seconds?|secs?|minutes?|mins?|hours?|days?)$",
  "i",
);

/** Why a sentence that names a time of day cannot be carried out; undefined if it names none. */
export function timeIn(text: string): string | undefined {
  const time = AT_A_TIME.exec(text)?.[0];
  return time === undefined
    ? undefined
    : `'${time}': things are done at once, and agents work at an interval, such as 'every 24 hours', not at a time of day`;
}

export function whyNot(text: string): string {
  for (const [pattern, reason] of REASONS) {
    const match = pattern.exec(text);
    if (match !== null) return reason(match[1] ?? "");
  }
  return "Without a model, this sentence is not understood";
}
