/** Opens the broker that a program was told to use: one elsewhere, or one in this process. */
import type { EmbeddableBroker } from "../../protocol/broker/broker_flags.ts";
import { type BrokerUrl, parseBroker } from "../../protocol/broker/broker_url.ts";

export interface OpenBroker extends AsyncDisposable {
  readonly url: BrokerUrl;
}

/** Starts an embedded broker if asked to: it keeps everything in memory, and ends when the result is disposed of. */
export async function openBroker(
  { broker, port }: Pick<EmbeddableBroker, "broker" | "port">,
  log: { info(message: string): void; warning(message: string): void },
): Promise<OpenBroker> {
  if (broker !== "embedded") return { url: broker, [Symbol.asyncDispose]: () => Promise.resolve() };
  // Loaded lazily: only needed with --broker embedded.
  const { startEmbeddedBroker } = await import("./embedded.ts");
  const embedded = await startEmbeddedBroker({ port, say: (message) => log.warning(message) });
  log.info(`The embedded broker listens on 127.0.0.1:${embedded.port}`);
  return { url: parseBroker("127.0.0.1", embedded.port), [Symbol.asyncDispose]: () => embedded.close() };
}
