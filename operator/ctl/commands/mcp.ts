/** `agentflow mcp`: lets a model operate the fleet, through any client of the Model Context Protocol. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { readSecretFile } from "../../../protocol/config/secret_file.ts";
import { MCP_TOKEN_VARIABLE } from "../secret_variables.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, text } from "../options.ts";
import { openWorkshop } from "../workshop.ts";

export function addMcp(program: Command, cli: Cli): void {
  const command = program.command("mcp")
    .description("serve the fleet to MCP clients: on stdin and stdout, or over HTTP with --http")
    .option("--read-only", "only what looks: nothing that starts, changes or ends anything")
    .option("--http <PORT>", "streamable HTTP at this port, path /mcp; 0 for one that is free")
    .option("--host <ADDRESS>", "address to listen at; any but loopback needs a token", "127.0.0.1")
    .option("--allow-host <NAMES>", "names by which clients may ask for it, separated by commas")
    .option(
      "--token-file <FILE>",
      `file with the token that clients must show (default: $${MCP_TOKEN_VARIABLE})`,
    );
  cli.connected(command, async (run, operator) => {
    // Loaded here alone: the other commands start without it.
    const { serveStdio } = await import("../../mcp/stdio.ts");
    using workshop = await openWorkshop(run, operator);
    const selection = { readOnly: isSet(run.options, "readOnly") };
    const port = text(run.options, "http");
    if (port === undefined) {
      await serveStdio(workshop, selection, run.signal);
      return EXIT.ok;
    }
    const { HttpServer } = await import("../../mcp/http.ts");
    const options = await httpOptions(run, port);
    await using server = new HttpServer(workshop, selection, options);
    run.tell(`MCP server at ${server.url}`);
    await new Promise<void>((resolve) => run.signal.addEventListener("abort", () => resolve()));
    return EXIT.ok;
  });
}

/** @throws ConfigError */
async function httpOptions({ options, env }: Run, port: string) {
  const { isLoopback } = await import("../../mcp/gate.ts");
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new ConfigError(`--http must be a port from 0 to 65535: current value is '${port}'`);
  }
  const hostname = text(options, "host") ?? "127.0.0.1";
  const file = text(options, "tokenFile");
  const token = file === undefined ? env[MCP_TOKEN_VARIABLE] : await readSecretFile("token-file", file);
  if (token !== undefined && token.length < 16) {
    throw new ConfigError("The token must have 16 characters or more: openssl rand -hex 32");
  }
  if (!isLoopback(hostname) && token === undefined) {
    throw new ConfigError(
      `--host ${hostname} can be reached by others: it needs a token (--token-file, or $${MCP_TOKEN_VARIABLE})`,
    );
  }
  const hosts = (text(options, "allowHost") ?? "").split(",").map((name) => name.trim()).filter((name) =>
    name !== ""
  );
  return { hostname, port: Number(port), token, hosts: [...hosts, hostname] };
}
