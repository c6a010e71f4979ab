/** `agentflow key`: generates operators' keys, signs commands with them, and enrols nodes' keys. */
import { readTextFile } from "../../../protocol/config/text_file.ts";
import { type Command, Option } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { listOf } from "../../../protocol/config/values.ts";
import { readKey } from "../../signer.ts";
import { generateKey, publicHalf, signCommand, type SigningKey } from "../../../protocol/signing/issue.ts";
import { SIGNED_COMMANDS } from "../../../protocol/commands.ts";
import { parseKeys } from "../../../protocol/signing/keys.ts";
import { fingerprintOf } from "../../../protocol/signing/statements.ts";
import { enrolledKey, keyOnBus, type NodeKey, withNode } from "../../operations/enrol.ts";
import { agreed } from "../ask.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, type Options, text } from "../options.ts";
import { replaceFile } from "../replace_file.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export function addKey(program: Command, cli: Cli): void {
  const key = program.command("key").helpCommand(false)
    .description("make keys, and sign commands, for nodes that run with --trust");
  addGenerate(key, cli);
  addShow(key, cli);
  addSign(key, cli);
  addEnrol(key, cli);
}

function addGenerate(key: Command, cli: Cli): void {
  const command = key.command("generate")
    .description("make a key, and print the entry for the nodes' key file")
    .argument("<FILE>", "where to write the private half (mode 600)")
    .requiredOption("--kid <KID>", "name of the key");
  cli.local(command, async (run, path = "") => {
    const made = await generateKey(text(run.options, "kid") ?? "");
    try {
      // Never overwrite a key: what it has signed could no longer be attributed.
      await Deno.writeTextFile(path, `${JSON.stringify(made, null, 2)}\n`, { createNew: true, mode: 0o600 });
    } catch (error) {
      const reason = error instanceof Deno.errors.AlreadyExists
        ? "it already exists"
        : (error as Error).message;
      throw new ConfigError(`Cannot write ${path}: ${reason}`);
    }
    run.print(entry(made, "*", "*"));
    return EXIT.ok;
  });
}

function addShow(key: Command, cli: Cli): void {
  const command = key.command("show")
    .description("print the entry of a key for the nodes' key file")
    .argument("<FILE>", "a key made by 'key generate'")
    .option("--nodes <PATTERNS>", "which nodes it may command, such as 'hall-*,door'", "*")
    .option("--commands <LIST>", `what it may sign: of ${SIGNED_COMMANDS.join(", ")}, or *`, "*");
  cli.local(command, async (run, path = "") => {
    const { options } = run;
    run.print(
      entry(await readKey(path, "FILE"), text(options, "nodes") ?? "*", text(options, "commands") ?? "*"),
    );
    return EXIT.ok;
  });
}

function addSign(key: Command, cli: Cli): void {
  const command = key.command("sign")
    .description("print a command in its signed form, for mosquitto_pub -s")
    .argument("[PAYLOAD]", "a file with the command's JSON; - for stdin; {} without it")
    .requiredOption("--key <FILE>", "a key made by 'key generate'")
    .requiredOption("--node <NODE>", "the node that should obey")
    .addOption(new Option("--command <COMMAND>", "which command it is").choices(SIGNED_COMMANDS))
    .option("--topic <TOPIC>", "the topic, if --command does not determine it: agents/ID/commands")
    .option("--ttl <TIME>", "how long it is valid: 30s, 10m, 12h or 30d", "10m")
    .option(
      "--compact",
      "print only the signature, for readers that verify; without it a plain copy goes with it",
    );
  cli.local(command, async (run, payload) => {
    const { options } = run;
    const node = text(options, "node") ?? "";
    const validity = {
      node,
      topic: text(options, "topic") ?? topicOf(text(options, "command"), node),
      nowSeconds: Date.now() / 1000,
      ttlSeconds: seconds(options),
    };
    const signingKey = await readKey(text(options, "key") ?? "", "--key");
    run.printJson(
      await signCommand(signingKey, await readPayload(payload), validity, isSet(options, "compact")),
    );
    return EXIT.ok;
  });
}

function addEnrol(key: Command, cli: Cli): void {
  const command = key.command("enrol")
    .description("add a node's key to the nodes' key file, so that other nodes trust it")
    .argument("<NODE>", "a node that is, or was, on this broker")
    .requiredOption("--trust <FILE>", "the nodes' key file; created if missing")
    .option("--fingerprint <SHA256>", "the fingerprint from the node's log, to compare without asking");
  cli.connected(command, async (run, operator, node = "") => {
    const path = text(run.options, "trust") ?? "";
    const found = await keyOnBus(operator, node, { signal: run.signal, timeoutMs: run.timeoutMs });
    const { key, fingerprint } = found;
    const before = await readKeyFile(path);
    const known = enrolledKey(before, node);
    if (known !== key) {
      if (!await isRight(run, found, known)) {
        run.note("Nothing has been enrolled");
        return EXIT.failed;
      }
      await replaceFile(path, withNode(before, found), 0o644);
    }
    if (run.json) run.printJson({ ok: true, node, fingerprint, changed: known !== key });
    else run.print(`Node '${node}' is ${known === key ? "already " : ""}enrolled in ${path}: ${fingerprint}`);
    return EXIT.ok;
  });
}

/** Whether this is the node's key: the operator must compare the fingerprint. @throws ConfigError */
async function isRight(
  run: Run,
  { node, fingerprint }: NodeKey,
  known: string | undefined,
): Promise<boolean> {
  const expected = text(run.options, "fingerprint");
  if (expected === fingerprint) return true;
  if (expected !== undefined) {
    throw new ConfigError(
      `Node '${node}' on this broker has another key: ${fingerprint} in place of ${expected}. Someone may be impersonating it`,
    );
  }
  if (known !== undefined) run.note(`Enrolled until now: ${fingerprintOf(known)}`);
  const question =
    `On this broker node '${node}' has the key ${fingerprint}: compare it with the one in the node's log`;
  return await agreed(run, question, "--fingerprint SHA256:… gives what the node's log says");
}

async function readKeyFile(path: string): Promise<string> {
  try {
    const found = await readTextFile(path);
    parseKeys(found);
    return found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "[]";
    throw new ConfigError(`--trust ${path} cannot be used: ${(error as Error).message}`);
  }
}

function entry(key: SigningKey, nodes: string, commands: string): string {
  return JSON.stringify(
    { kid: key.kid, public: publicHalf(key), nodes: listOf(nodes), commands: listOf(commands) },
    null,
    2,
  );
}

function topicOf(command: string | undefined, node: string): string {
  if (command === undefined) throw new ConfigError("--command is missing: see --help");
  if (command === "commands") throw new ConfigError("--command commands needs --topic agents/ID/commands");
  return `nodes/${node}/${command}`;
}

async function readPayload(path: string | undefined): Promise<unknown> {
  if (path === undefined) return {};
  try {
    return JSON.parse(
      path === "-" ? await new Response(Deno.stdin.readable).text() : await readTextFile(path),
    );
  } catch (error) {
    throw new ConfigError(`PAYLOAD ${path} cannot be used: ${(error as Error).message}`);
  }
}

function seconds(options: Options): number {
  const given = text(options, "ttl") ?? "";
  const [, amount, unit = "s"] = /^(\d+)([smhd])$/.exec(given) ?? [];
  const factor = UNITS[unit];
  if (amount !== undefined && factor !== undefined) return Number(amount) * factor;
  throw new ConfigError(`--ttl must be like 30s, 10m, 12h or 30d: current value is '${given}'`);
}
