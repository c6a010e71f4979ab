/** Entry of the dashboard: reads the command line, serves the page until a signal, and sets the exit code. */
import { interruption, keepOthersOut } from "../../protocol/config/surroundings.ts";
import "../../protocol/broker/quiet_libraries.ts";
import { readAccess } from "../../protocol/broker/access_files.ts";
import { PASSWORD_VARIABLE } from "../../protocol/broker/broker_flags.ts";
import { openBroker } from "../../runner/broker/open.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readModelKey } from "../chat/model_flags.ts";
import { KEY_VARIABLES } from "../chat/settings.ts";
import { Signer } from "../signer.ts";
import { type DashboardConfig, parseCommandLine } from "./config.ts";
import { dashboardHelp, DATABASE_VARIABLE } from "./flags.ts";
import { readSecretFile } from "../../protocol/config/secret_file.ts";
import { type ChannelSettings, parseChannels } from "./server/notice/channels/settings.ts";
import { startDashboard } from "./start.ts";
import { readToken } from "./token_file.ts";
import { writeLine } from "../../protocol/write_line.ts";
import { aborted } from "../../protocol/abort.ts";

const EXIT_USAGE = 2;

async function main(): Promise<number> {
  try {
    const request = parseCommandLine(Deno.args, Deno.env.toObject());
    // Child processes must not inherit it.
    const secrets = [PASSWORD_VARIABLE, DATABASE_VARIABLE, ...Object.values(KEY_VARIABLES).flat()];
    for (const secret of secrets) Deno.env.delete(secret);
    if (request.kind === "help") {
      writeLine(Deno.stdout, dashboardHelp());
      return 0;
    }
    return await run(request.config);
  } catch (error) {
    writeLine(Deno.stderr, `dashboard: ${error instanceof Error ? error.message : error}`);
    return error instanceof ConfigError ? EXIT_USAGE : 1;
  }
}

async function run(config: DashboardConfig): Promise<number> {
  const access = await readAccess(config.access, log);
  const token = config.tokenFile === undefined ? undefined : await readToken(config.tokenFile);
  const signer = config.signKey === undefined ? undefined : await Signer.open(config.signKey);
  const model = config.model === undefined ? undefined : await readModelKey(config.model);
  await using broker = await openBroker(config, { info: log, warning: log });
  const channels = config.channelsFile === undefined ? undefined : await readChannels(config.channelsFile);
  const resources = {
    ...{ broker: broker.url, access, token, signer, model, log },
    ...(channels === undefined ? {} : { channels }),
  };
  await using dashboard = await startDashboard({ ...config, ...resources });
  writeLine(Deno.stdout, `The dashboard is at ${dashboard.url}`);
  if (config.place.kind === "memory") {
    log("What it remembers ends with it: start it with --state-dir DIR to keep that");
  }
  if (!config.allowControl) log("It is read-only: start it with --allow-control to control agents from it");
  await aborted(interruption());
  return 0;
}

async function readChannels(path: string): Promise<ReadonlyMap<string, ChannelSettings>> {
  return parseChannels(await readSecretFile("channels-file", path), path);
}

function log(message: string): void {
  writeLine(Deno.stderr, message);
}

if (import.meta.main) {
  keepOthersOut();
  Deno.exit(await main());
}
