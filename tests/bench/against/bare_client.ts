/** A program: publishes what it is asked for on `bench/deno/orders`, by MQTT.js alone. `bare_client.ts PORT` */
import mqtt from "mqtt";

const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${Deno.args[0]}`, { protocolVersion: 4 });
client.on("message", (_topic, message) => {
  const { topic, count } = JSON.parse(message.toString());
  for (let n = 0; n < count; n++) {
    const payload = n === 0 ? { n, startMs: Date.now() } : { n, value: 21.5, unit: "C" };
    client.publish(topic, JSON.stringify(payload), { qos: 1 });
  }
});
await client.subscribeAsync("bench/deno/orders", { qos: 1 });
await client.publishAsync("bench/deno/up", "up", { qos: 1, retain: true });
