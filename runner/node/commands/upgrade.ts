/** `nodes/{name}/upgrade`: a new runner for this node. Obeyed only when it is signed: it is not in a sandbox. */
import { type Answer, type Command, type CommandContext, CommandError } from "./command.ts";

/** @throws UpgradeError for a runner that cannot be used; the current one then keeps running */
export async function upgrade(context: CommandContext, command: Command): Promise<Answer> {
  const { upgrades, reporter, identity } = context;
  if (command.isVerified !== true) {
    throw new CommandError(
      "Cannot upgrade: a node accepts a new runner only with --trust, and only signed: start it with --trust, " +
        "or upgrade it over ssh: agentflow deploy NAME --to USER@HOST --upgrade",
    );
  }
  if (upgrades === undefined) {
    throw new CommandError(
      "Cannot upgrade: this node was not started from a deployed release, so it could not roll back if the " +
        "new one failed. Use 'agentflow deploy --upgrade'",
    );
  }
  const upgrade = await upgrades.prepare(command.json);
  const { from, release, version, unchanged } = upgrade;
  const about = { from, release, ...(version === undefined ? {} : { version }) };
  if (unchanged) return { ...about, unchanged };
  reporter.nodeLog(
    "log",
    `Node ${identity.name} changes from release ${from} to ${release}${
      version === undefined ? "" : ` (${version})`
    }, and starts again`,
  );
  context.restart();
  return { ...about, trial_seconds: upgrade.trialSeconds };
}
