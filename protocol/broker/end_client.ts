/** Ends connections to brokers. */
import type { MqttClient } from "mqtt";

/**
 * Ends a client's connection cleanly, even if the broker no longer answers.
 *
 * Waits for messages in flight, and then for the other side to close, at most `patienceMs` each. The client's own wait
 * has no limit.
 */
export async function endClient(client: MqttClient, patienceMs: number): Promise<void> {
  const isIdle = () => Object.keys(client.outgoing).length === 0;
  if (client.connected && !isIdle()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The client has processed it by the next turn of the event loop.
    const look = () => setTimeout(() => isIdle() && resolve(), 0);
    const timer = setTimeout(resolve, patienceMs);
    client.on("packetreceive", look).once("close", resolve);
    await promise;
    clearTimeout(timer);
    client.off("packetreceive", look).off("close", resolve);
  }
  const timer = setTimeout(() => client.stream.destroy(), patienceMs);
  await client.endAsync(!client.connected || !isIdle());
  clearTimeout(timer);
}
