/** Keeps the operating system from holding small messages back. */
import type { MqttClient } from "mqtt";

/** Sends small messages at once instead of waiting for earlier ones to be acknowledged. */
export function disableNagle(client: MqttClient): void {
  const stream: unknown = client.stream;
  if (typeof stream === "object" && stream !== null && "setNoDelay" in stream) {
    (stream.setNoDelay as (on: boolean) => void).call(stream, true);
  }
}
