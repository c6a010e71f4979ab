/** `nodes/{name}/reply/{request}`: the answer to a `send_to` of an agent here. */
import { type Command, type CommandContext, CommandError } from "./command.ts";

// deno-lint-ignore require-await -- commands are promises
export async function reply(
  { requests }: CommandContext,
  { json }: Command,
  request: string,
): Promise<undefined> {
  if (json === undefined) throw new CommandError("A reply must be JSON");
  requests.answer(request, json);
}
