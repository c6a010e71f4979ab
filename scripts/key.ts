/** `deno task key`: makes the keys of those who command nodes, and signs commands with them. */
import { parseArgs } from "@std/cli/parse-args";
import { SIGNED_COMMANDS } from "../protocol/signing/signed_commands.ts";
import { generateKey, publicHalf, signCommand, type SigningKey } from "../protocol/signing/issue.ts";

const HELP = `Makes keys, and signs commands for nodes that run with --trust.

Usage:
  deno task key generate --kid KID FILE   make a key; FILE (mode 600) holds the private half
  deno task key show FILE [--nodes PATTERNS] [--commands LIST]
                                          print the entry for the nodes' key file
  deno task key sign --key FILE --node NODE --command COMMAND [--ttl 10m] [--compact] [PAYLOAD]
                                          print the signed command, for mosquitto_pub -s

  COMMAND   one of ${SIGNED_COMMANDS.join(", ")}
  PAYLOAD   a file with the command's JSON; - for stdin; {} without it
  --topic   instead of the topic that belongs to --command (needed for 'commands': agents/ID/commands)
  --ttl     how long it counts: 30s, 10m, 12h or 30d
  --compact only the signature: for readers that verify; else a copy for those that do not stands beside it

Exit code: 0, or 2 when something cannot be used.`;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const STRINGS = ["kid", "key", "node", "nodes", "command", "commands", "topic", "ttl"];

/** Something that cannot be used; the message is one line. */
class UsageError extends Error {
  override name = "UsageError";
}

async function main(args: readonly string[]): Promise<string> {
  const given = parseArgs(args, {
    string: STRINGS,
    boolean: ["compact", "help"],
    unknown: (argument, key) => {
      if (key !== undefined) throw new UsageError(`unknown argument '${argument}': see --help`);
    },
  });
  const text = (flag: string) => typeof given[flag] === "string" ? given[flag] as string : undefined;
  const [action, file] = given._.map(String);
  if (given.help === true) return HELP;
  switch (action) {
    case "generate":
      return await generate(needed("--kid", text("kid")), needed("FILE", file));
    case "show":
      return show(await readKey(needed("FILE", file)), text("nodes") ?? "*", text("commands") ?? "*");
    case "sign":
      return await sign({
        key: await readKey(needed("--key", text("key"))),
        node: needed("--node", text("node")),
        command: text("command"),
        topic: text("topic"),
        ttlSeconds: seconds(text("ttl") ?? "10m"),
        payload: file,
        compact: given.compact === true,
      });
    default:
      throw new UsageError("say generate, show or sign: see --help");
  }
}

async function generate(kid: string, path: string): Promise<string> {
  const key = await generateKey(kid);
  // Never over another key: what it has signed could not be followed up any more.
  await Deno.writeTextFile(path, `${JSON.stringify(key, null, 2)}\n`, { createNew: true, mode: 0o600 });
  return show(key, "*", "*");
}

function show(key: SigningKey, nodes: string, commands: string): string {
  const entry = { kid: key.kid, public: publicHalf(key), nodes: list(nodes), commands: list(commands) };
  return JSON.stringify(entry, null, 2);
}

interface SignRequest {
  readonly key: SigningKey;
  readonly node: string;
  readonly command: string | undefined;
  readonly topic: string | undefined;
  readonly ttlSeconds: number;
  readonly payload: string | undefined;
  readonly compact: boolean;
}

async function sign({ key, node, ttlSeconds, compact, ...request }: SignRequest): Promise<string> {
  const topic = request.topic ?? topicOf(needed("--command", request.command), node);
  const command = await readPayload(request.payload);
  const validity = { node, topic, nowSeconds: Date.now() / 1000, ttlSeconds };
  return JSON.stringify(await signCommand(key, command, validity, compact));
}

function topicOf(command: string, node: string): string {
  if (!(SIGNED_COMMANDS as readonly string[]).includes(command)) {
    throw new UsageError(
      `--command must be one of ${SIGNED_COMMANDS.join(", ")}: current value is '${command}'`,
    );
  }
  if (command === "commands") throw new UsageError("--command commands needs --topic agents/ID/commands");
  return `nodes/${node}/${command}`;
}

async function readKey(path: string): Promise<SigningKey> {
  const key = JSON.parse(await Deno.readTextFile(path));
  if (typeof key?.kid !== "string" || typeof key.private?.d !== "string") {
    throw new UsageError(`${path} holds no key of 'generate'`);
  }
  return key;
}

async function readPayload(path: string | undefined): Promise<unknown> {
  if (path === undefined) return {};
  const text = path === "-" ? await new Response(Deno.stdin.readable).text() : await Deno.readTextFile(path);
  return JSON.parse(text);
}

function needed(what: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(`${what} is missing: see --help`);
  return value;
}

function seconds(text: string): number {
  const [, amount, unit = "s"] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (amount !== undefined && factor !== undefined) return Number(amount) * factor;
  throw new UsageError(`--ttl must be like 30s, 10m, 12h or 30d: current value is '${text}'`);
}

function list(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

if (import.meta.main) {
  try {
    // deno-lint-ignore no-console -- it is what was asked for
    console.log(await main(Deno.args));
  } catch (error) {
    // deno-lint-ignore no-console -- for the operator
    console.error(`key: ${(error as Error).message}`);
    Deno.exit(2);
  }
}
