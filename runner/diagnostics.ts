/** What an operator wants to know first when something does not work, logged at DEBUG as the node starts. */
import type { RunnerConfig } from "./config.ts";
import type { BrokerUrl } from "../protocol/broker/broker_url.ts";
import type { Logger } from "./logger.ts";

const TCP_TIMEOUT_MS = 5000;

/** Never rejects: it reports what it finds. */
export async function diagnose(
  config: RunnerConfig,
  broker: BrokerUrl,
  deno: string,
  log: Logger,
): Promise<void> {
  log.debug(`This runner: deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${Deno.build.target}`);
  log.debug(`Agents run with: ${deno} (${await versionOf(deno)})`);
  log.debug(`State files: ${config.stateDir}`);
  log.debug(`Work files: ${config.workDir}`);
  log.debug(`Broker ${broker.host}:${broker.port}: ${await tcpAnswer(broker)}`);
}

async function versionOf(deno: string): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(deno, { args: ["--version"], stdin: "null" }).output();
    return new TextDecoder().decode(stdout).split("\n")[0] ?? "";
  } catch (error) {
    return `cannot be started: ${(error as Error).message}`;
  }
}

async function tcpAnswer({ host, port }: BrokerUrl): Promise<string> {
  const signal = AbortSignal.timeout(TCP_TIMEOUT_MS);
  try {
    const connection = await Deno.connect({ hostname: host, port, signal });
    connection.close();
    return "answers TCP";
  } catch (error) {
    return signal.aborted
      ? `no TCP answer within ${TCP_TIMEOUT_MS / 1000} s`
      : `no TCP: ${(error as Error).message}`;
  }
}
