/** What is shown of an error beside its stack. Pure. */

/** So much of both must be alike: stacks are cut. */
const ALIKE_CHARS = 200;

/** The message, without the lines that its stack begins with as well. */
export function messageBeside(message: string, stack: string | undefined): string {
  const isRepeated = stack?.includes(message.slice(0, ALIKE_CHARS)) === true;
  return isRepeated ? message.split("\n", 1)[0] ?? "" : message;
}
