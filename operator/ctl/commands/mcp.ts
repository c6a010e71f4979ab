/** `agentflow mcp`: lets a model operate the fleet, through any client of the Model Context Protocol. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { readSecretFile } from "../../../protocol/config/secret_file.ts";
import { listOf, wholeNumber } from "../../../protocol/config/values.ts";
import { MCP_TOKEN_VARIABLE } from "../secret_variables.ts";
import { requireToken } from "../../http/token_rule.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, text } from "../options.ts";
import { openWorkshop } from "../workshop.ts";
import { aborted } from "../../../protocol/abort.ts";

export function addMcp(program: Command, cli: Cli): void {
  const command = program.command("mcp")
    .description("serve the fleet to MCP clients: on stdin and stdout, or over HTTP with --http")
    .option("--read-only", "only look: never start, change or end anything")
    .option("--http <PORT>", "serve streamable HTTP on this port, path /mcp (0 = any free port)")
    .option(
      "--host <ADDRESS>",
      "address to listen on; anything but loopback needs a token, and so does --sign-key",
      "127.0.0.1",
    )
    .option("--allow-host <NAMES>", "host names that clients may use for this server, separated by commas")
    .option("--allow-origin <URLS>", "origins of web pages that may use it, separated by commas")
    .option(
      "--token-file <FILE>",
      `file with the token that clients must show (default: $${MCP_TOKEN_VARIABLE})`,
    );
  cli.connected(command, async (run, operator) => {
    // Loaded lazily: other commands do not need it.
    const { serveStdio } = await import("../../mcp/stdio.ts");
    using workshop = await openWorkshop(run, operator);
    const selection = { readOnly: isSet(run.options, "readOnly") };
    const port = text(run.options, "http");
    if (port === undefined) {
      await serveStdio(workshop, selection, run.signal);
      return EXIT.ok;
    }
    const { HttpServer } = await import("../../mcp/http.ts");
    const options = await httpOptions(run, port, operator.commander.signs);
    await using server = new HttpServer(workshop, selection, options);
    run.tell(`MCP server at ${server.url}`);
    await aborted(run.signal);
    return EXIT.ok;
  });
}

/** @throws ConfigError */
async function httpOptions({ options, env }: Run, port: string, signs: boolean) {
  const hostname = text(options, "host") ?? "127.0.0.1";
  const file = text(options, "tokenFile");
  const token = file === undefined ? env[MCP_TOKEN_VARIABLE] : await readSecretFile("token-file", file);
  if (token !== undefined && token.length < 16) {
    throw new ConfigError("The token must have 16 characters or more: openssl rand -hex 32");
  }
  requireToken({
    listen: { flag: "--host", address: hostname },
    signs,
    hasToken: token !== undefined,
    advice: `give --token-file FILE, or set $${MCP_TOKEN_VARIABLE} (to make one: openssl rand -hex 32)`,
  });
  return {
    hostname,
    port: wholeNumber("http", port, 0, 65_535),
    token,
    hosts: [...listOf(text(options, "allowHost")), hostname],
    origins: listOf(text(options, "allowOrigin")).map(readOrigin),
  };
}

/** @throws ConfigError */
function readOrigin(given: string): string {
  const origin = URL.canParse(given) ? new URL(given).origin : "null";
  if (origin !== "null") return origin;
  throw new ConfigError(`--allow-origin must be like http://localhost:6274: current value is '${given}'`);
}
