/** `agentflow users`: manages the accounts of an embedded broker that other machines can reach. */
import { type Command, Option } from "commander";
import { readTextFile } from "../../../protocol/config/text_file.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { type Role, ROLES } from "../../../protocol/broker/access_rules.ts";
import { formatUser, hashPassword, parseUsers, userNameError } from "../../../protocol/broker/users.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, text } from "../options.ts";
import { replaceFile } from "../replace_file.ts";

const HEADER =
  "# Users of an embedded broker: agentflow-node --broker-users FILE. One line each: NAME:ROLE:HASH\n";
/** 120 bits. */
const PASSWORD_BYTES = 15;

export function addUsers(program: Command, cli: Cli): void {
  const users = program.command("users").helpCommand(false)
    .description("who may use an embedded broker that other machines reach");
  addAdd(users, cli);
  addRemove(users, cli);
}

function addAdd(users: Command, cli: Cli): void {
  const command = users.command("add")
    .description("add a user to the file of --broker-users, or give one a new password, which is printed")
    .argument("<FILE>", "the users file (mode 600); created if missing")
    .argument("<NAME>", "name of the user; for a node the name of the node")
    .addOption(
      new Option(
        "--role <ROLE>",
        "operator: commands nodes; node: a node; agents: other programs, data only; home-assistant: sees and switches",
      )
        .choices(ROLES).makeOptionMandatory(),
    )
    .option("--migrate", "for a node: let agents move, for which nodes command each other")
    .option("--password-from <FILE>", "take the password from the first line of a file; - for stdin");
  cli.local(command, async (run, path = "", name = "") => {
    const role = text(run.options, "role") as Role;
    const problem = userNameError(name, role);
    if (problem !== undefined) throw new ConfigError(`NAME: ${problem}`);
    const migrate = isSet(run.options, "migrate");
    if (migrate && role !== "node") throw new ConfigError("--migrate is for --role node");
    const given = await readPassword(text(run.options, "passwordFrom"));
    const password = given ?? generated();
    const hash = await hashPassword(new TextEncoder().encode(password));
    await change(path, name, formatUser({ name, role, migrate, hash }));
    if (run.json) run.printJson({ ok: true, name, role, ...(given === undefined ? { password } : {}) });
    else {
      run.print(`User '${name}' (${role}) is in ${path}`);
      if (given === undefined) run.print(`password: ${password}`);
    }
    return EXIT.ok;
  });
}

function addRemove(users: Command, cli: Cli): void {
  const command = users.command("remove")
    .description("remove a user from the file; its open connections last until they end")
    .argument("<FILE>", "the users file")
    .argument("<NAME>", "name of the user");
  cli.local(command, async (run, path = "", name = "") => {
    await change(path, name, undefined);
    if (run.json) run.printJson({ ok: true, name });
    else run.print(`User '${name}' is no longer in ${path}`);
    return EXIT.ok;
  });
}

/** Adds, replaces or removes the line for `name`. All other lines stay unchanged. */
async function change(path: string, name: string, line: string | undefined): Promise<void> {
  const before = await readUsers(path, line !== undefined);
  const lines = before.split("\n");
  const at = lines.findIndex((one) => one.startsWith(`${name}:`));
  if (line === undefined && at < 0) throw new ConfigError(`There is no user '${name}' in ${path}`);
  const added = line === undefined ? [] : [line];
  if (at >= 0) lines.splice(at, 1, ...added);
  else lines.splice(lines.at(-1) === "" ? -1 : lines.length, 0, ...added);
  await replaceFile(path, `${lines.join("\n").trimEnd()}\n`, 0o600);
}

async function readUsers(path: string, mayBeMissing: boolean): Promise<string> {
  try {
    const found = await readTextFile(path);
    parseUsers(found);
    return found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && mayBeMissing) return HEADER;
    throw new ConfigError(`${path} cannot be used: ${(error as Error).message}`);
  }
}

async function readPassword(from: string | undefined): Promise<string | undefined> {
  if (from === undefined) return undefined;
  let found: string;
  try {
    found = from === "-" ? await new Response(Deno.stdin.readable).text() : await readTextFile(from);
  } catch (error) {
    throw new ConfigError(`--password-from ${from}: ${(error as Error).message}`);
  }
  const [password = ""] = found.split(/\r?\n/);
  if (password === "") {
    throw new ConfigError(`--password-from ${from}: there is no password in its first line`);
  }
  return password;
}

function generated(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES))))
    .replaceAll("+", "-").replaceAll("/", "_");
}
