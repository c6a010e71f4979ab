/** What nobody can carry over must not close the bridge again and again, nor keep its node from ending. */
import { assertEquals, assertMatch } from "@std/assert";
import { createServer } from "node:net";
import { join } from "@std/path";
import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { Bridge } from "../../runner/broker/bridge.ts";
import type { BridgedTopics } from "../../runner/broker/bridge_file.ts";
import { BROKER_LIMITS, startEmbeddedBroker } from "../../runner/broker/embedded.ts";
import { NearSide } from "../../runner/broker/near_side.ts";
import { systemClock } from "../../runner/clock.ts";
import { MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { needing } from "../support/programs.ts";
import { withFolder } from "../support/temp_folder.ts";

const TOPICS: readonly BridgedTopics[] = [
  { filter: "up/#", direction: "out" },
  { filter: "down/#", direction: "in" },
];

/** @param far the port of the larger broker */
function openBridge(dir: string, ports: { readonly near: number; readonly far: number }) {
  const said: string[] = [];
  const opened = Promise.withResolvers<void>();
  const bridge = new Bridge({
    config: { broker: parseBroker("127.0.0.1", ports.far), access: {}, topics: TOPICS },
    name: "hall",
    port: ports.near,
    credentials: undefined,
    subscribedFile: join(dir, "bridge.json"),
    clock: systemClock,
    say: (message) => {
      said.push(message);
      if (/is open$/.test(message)) opened.resolve();
    },
  });
  return { bridge, said, opened: opened.promise };
}

Deno.test({
  ...needing(
    MOSQUITTO,
    "a topic over which a broker closes the connection is dropped, and the bridge stays open",
  ),
  fn: () =>
    withFolder(async (dir) => {
      await using larger = await Mosquitto.start();
      const own = await startEmbeddedBroker({ port: 0 });
      {
        await using here = await Bus.connect(own.port);
        await using there = await Bus.connect(larger.port);
        const { bridge, said, opened } = openBridge(dir, { near: own.port, far: larger.port });
        await using _ = bridge;
        await opened;
        // mosquitto takes no control characters, and the embedded broker no more than 100 levels.
        await here.publish("up/\u0007bell", "poison");
        await there.publish(`down${"/x".repeat(120)}`, "poison");
        await here.publish("up/door", "open");
        await there.publish("down/lamp", "on");
        assertEquals((await there.on("up/door")).text, "open");
        assertEquals((await here.on("down/lamp")).text, "on");
        assertEquals(said.filter((line) => /is closed/.test(line)), []);
        assertMatch(said[1] ?? "", /dropped a message on up\/\uFFFDbell: a topic must not contain control/);
      }
      await own.close();
    }),
});

Deno.test({
  ...needing(MOSQUITTO, "a larger broker that retains nothing gets what is retained here without the flag"),
  fn: () =>
    withFolder(async (dir) => {
      await using larger = await Mosquitto.start(["retain_available false"]);
      const own = await startEmbeddedBroker({ port: 0 });
      {
        await using here = await Bus.connect(own.port);
        await using there = await Bus.connect(larger.port);
        const { bridge, said, opened } = openBridge(dir, { near: own.port, far: larger.port });
        await using _ = bridge;
        await opened;
        await here.publish("up/door", "open", { retain: true });
        assertEquals((await there.on("up/door")).text, "open");
        assertEquals(said.length, 1, said.join("\n"));
      }
      await own.close();
    }),
});

Deno.test("the near side takes as much as the broker there can have retained", async () => {
  const own = await startEmbeddedBroker({ port: 0 });
  {
    await using here = await Bus.connect(own.port, "none");
    const bytes = BROKER_LIMITS.store.waiting.bytes + 1024;
    await here.publish("up/large", "x".repeat(bytes), { retain: true });
    const carried = Promise.withResolvers<number>();
    await using near = await NearSide.open({
      port: own.port,
      clientId: "bridge",
      filters: ["up/#"],
      isSubscribed: false,
      carry: ({ payload }) => Promise.resolve(carried.resolve(payload.length)),
      window: 10,
    });
    assertEquals(await Promise.race([carried.promise, near.closed]), bytes);
  }
  await own.close();
});

Deno.test("a bridge ends while the larger broker leaves its subscriptions unanswered, and says how much it takes", () =>
  withFolder(async (dir) => {
    const asked = Promise.withResolvers<IConnectPacket>();
    const subscribes = Promise.withResolvers<void>();
    const silent = createServer((socket) => {
      const parser = mqttPacket.parser({ protocolVersion: 5 });
      parser.on("packet", (packet: Packet) => {
        if (packet.cmd === "connect") {
          asked.resolve(packet);
          const connack = { cmd: "connack", reasonCode: 0, sessionPresent: false } as const;
          mqttPacket.writeToStream(connack, socket, { protocolVersion: 5 });
        }
        if (packet.cmd === "subscribe") subscribes.resolve();
      });
      socket.on("data", (bytes) => void parser.parse(bytes as Buffer));
      socket.on("error", () => {});
    });
    const listening = Promise.withResolvers<void>();
    silent.listen(0, "127.0.0.1", () => listening.resolve());
    await listening.promise;
    const { port: far } = silent.address() as { readonly port: number };
    const own = await startEmbeddedBroker({ port: 0 });
    const { bridge } = openBridge(dir, { near: own.port, far });
    await subscribes.promise;
    assertEquals((await asked.promise).properties?.maximumPacketSize, BROKER_LIMITS.packetBytes);
    await bridge[Symbol.asyncDispose]();
    await own.close();
    await new Promise((resolve) => silent.close(resolve));
  }));
