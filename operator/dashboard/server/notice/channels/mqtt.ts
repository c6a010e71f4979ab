/** A topic of the dashboard's own broker: for other programs of the house. */
import type { Operator } from "../../../../operator.ts";
import type { Channel } from "./channel.ts";

/** @param operator throws while there is no connection to the broker */
export function mqttTopic(topic: string, operator: () => Operator): Channel {
  return {
    kind: "mqtt",
    send: async (message) => {
      await operator().bus.publish(topic, message);
    },
  };
}
