/** What roll-outs are of: a fleet, by its name, or the runners of the nodes. */

/** The runners, in the place of a fleet's name, which cannot begin like this. */
export const RUNNERS = "_runners";

/** Such as `fleet 'home'`. */
export function subjectWords(subject: string): string {
  return subject === RUNNERS ? "runners" : `fleet '${subject}'`;
}

/** The arguments of `agentflow rollout` for it. */
export function subjectArgs(subject: string): string {
  return subject === RUNNERS ? "--upgrade" : subject;
}
