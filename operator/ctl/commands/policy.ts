/** `agentflow policy check`: explains what a policy allows and where its links lead, or why it is unusable. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { explainPolicy } from "../../../runner/policy/explain.ts";
import { grantsWithoutEffect } from "../../../runner/policy/kept_by_deno.ts";
import { linksThatLeadOut } from "../../../runner/policy/links.ts";
import { readPolicy } from "../../../runner/policy/read.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";

export function addPolicy(program: Command, cli: Cli): void {
  const policy = program.command("policy").helpCommand(false)
    .description("work with the policy file of a node (--policy)");
  const check = policy.command("check")
    .description("say in words what a policy allows, or why it cannot be used")
    .argument("<FILE>", "the policy");
  cli.local(check, async (run, file = "") => {
    const policy = await readPolicy(file).catch((error) => {
      throw new ConfigError((error as Error).message);
    });
    const lines = [
      ...explainPolicy(policy),
      ...await grantsWithoutEffect(policy),
      ...await linksThatLeadOut(policy),
    ];
    if (run.json) run.printJson({ ok: true, policy: lines });
    else run.print(lines.join("\n"));
    return EXIT.ok;
  });
}
