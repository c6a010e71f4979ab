/** Shortens an error message that is shown with its stack. Pure. */

/** How much of the message must match: stacks may be truncated. */
const ALIKE_CHARS = 200;

/** The message, or only its first line if the stack repeats the message. */
export function messageBeside(message: string, stack: string | undefined): string {
  const isRepeated = stack?.includes(message.slice(0, ALIKE_CHARS)) === true;
  return isRepeated ? message.split("\n", 1)[0] ?? "" : message;
}
