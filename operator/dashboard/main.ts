/** Entry of the dashboard: reads the command line, serves the page until a signal, and sets the exit code. */
import { endSignals, keepOthersOut } from "../../protocol/config/surroundings.ts";
import "../../protocol/broker/quiet_libraries.ts";
import { readAccess } from "../../protocol/broker/access_files.ts";
import { PASSWORD_VARIABLE } from "../../protocol/broker/broker_flags.ts";
import { type BrokerUrl, parseBroker } from "../../protocol/broker/broker_url.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readModelKey } from "../chat/model_flags.ts";
import { KEY_VARIABLES } from "../chat/settings.ts";
import { Signer } from "../signer.ts";
import { type DashboardConfig, parseCommandLine } from "./config.ts";
import { dashboardHelp } from "./flags.ts";
import { startDashboard } from "./start.ts";
import { readToken } from "./token_file.ts";

const EXIT_USAGE = 2;

async function main(): Promise<number> {
  try {
    const request = parseCommandLine(Deno.args, Deno.env.toObject());
    // Child processes must not inherit it.
    for (const secret of [PASSWORD_VARIABLE, ...Object.values(KEY_VARIABLES).flat()]) Deno.env.delete(secret);
    if (request.kind === "help") {
      print(Deno.stdout, dashboardHelp());
      return 0;
    }
    return await run(request.config);
  } catch (error) {
    print(Deno.stderr, `dashboard: ${error instanceof Error ? error.message : error}`);
    return error instanceof ConfigError ? EXIT_USAGE : 1;
  }
}

async function run(config: DashboardConfig): Promise<number> {
  const access = await readAccess(config.access, log);
  const token = config.tokenFile === undefined ? undefined : await readToken(config.tokenFile);
  const signer = config.signKey === undefined ? undefined : await Signer.open(config.signKey);
  const model = config.model === undefined ? undefined : await readModelKey(config.model);
  await using broker = await brokerFor(config);
  const resources = { broker: broker.url, access, token, signer, model, log };
  await using dashboard = await startDashboard({ ...config, ...resources });
  print(Deno.stdout, `The dashboard is at ${dashboard.url}`);
  if (!config.allowControl) log("It is read-only: start it with --allow-control to control agents from it");
  await interruption();
  return 0;
}

/** The requested broker. An embedded one is started here and ends with the dashboard. */
async function brokerFor(config: DashboardConfig): Promise<AsyncDisposable & { readonly url: BrokerUrl }> {
  if (config.broker !== "embedded") {
    return { url: config.broker, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { startEmbeddedBroker } = await import("../../runner/broker/embedded.ts");
  const embedded = await startEmbeddedBroker({ port: config.port });
  log(`The embedded broker listens on 127.0.0.1:${embedded.port}`);
  return { url: parseBroker("127.0.0.1", embedded.port), [Symbol.asyncDispose]: () => embedded.close() };
}

async function interruption(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of endSignals()) Deno.addSignalListener(signal, resolve);
  });
}

function log(message: string): void {
  print(Deno.stderr, message);
}

function print(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  try {
    stream.writeSync(new TextEncoder().encode(`${line}\n`));
  } catch {
    // Nobody reads the log any more: the dashboard keeps running without it.
  }
}

if (import.meta.main) {
  keepOthersOut();
  Deno.exit(await main());
}
