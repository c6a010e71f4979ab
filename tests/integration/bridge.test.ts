/** The embedded broker joined to a real mosquitto: what crosses does so once, in order, also after a cut. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { Bridge } from "../../runner/broker/bridge.ts";
import { type BridgedTopics, readBridge } from "../../runner/broker/bridge_file.ts";
import { systemClock } from "../../runner/clock.ts";
import { startEmbeddedBroker } from "../../runner/broker/embedded.ts";
import { freePort, MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { LinkProxy } from "../support/link_proxy.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";
import { withFolder } from "../support/temp_folder.ts";

const TOPICS: readonly BridgedTopics[] = [
  { filter: "up/#", direction: "out" },
  { filter: "down/#", direction: "in" },
  { filter: "house/#", direction: "both" },
];

Deno.test({
  ...needing(MOSQUITTO, "a bridge carries each message once, in order, in its direction, also after a cut"),
  fn: () =>
    withFolder(async (dir) => {
      await using larger = await Mosquitto.start();
      await using link = LinkProxy.listen(larger.port);
      const own = await startEmbeddedBroker({ port: 0, dir });
      const said: string[] = [];
      const open = () => {
        const opened = Promise.withResolvers<void>();
        const bridge = new Bridge({
          config: { broker: parseBroker("127.0.0.1", link.port), access: {}, topics: TOPICS },
          name: "hall",
          port: own.port,
          credentials: undefined,
          subscribedFile: join(dir, "bridge.json"),
          clock: systemClock,
          say: (message) => {
            said.push(message.replace(/ to .*?127\.0\.0\.1:\d+/, ""));
            if (/is open$/.test(message)) opened.resolve();
          },
        });
        return { bridge, opened: opened.promise };
      };
      {
        await using here = await Bus.connect(own.port);
        await using there = await Bus.connect(larger.port);
        const first = open();
        await first.opened;

        await here.publish("up/door", "open", { retain: true });
        await there.publish("down/lamp", "on", { retain: true });
        await here.publish("house/a", "from here");
        await there.publish("house/b", "from there");
        await here.publish("private", "stays");
        assertEquals((await there.on("up/door")).text, "open");
        assertEquals((await here.on("down/lamp")).text, "on");
        assertEquals((await there.on("house/a")).text, "from here");
        assertEquals((await here.on("house/b")).text, "from there");
        await using late = await Bus.connect(larger.port, "up/#");
        assertEquals([(await late.on("up/door")).retained], [true]);

        link.cut();
        const counted = Array.from({ length: 300 }, (_, n) => n);
        await Promise.all(counted.flatMap((n) => [here.publish("up/n", n), there.publish("down/n", n)]));
        link.restore();
        await there.on("up/n", ({ json }) => json === 299);
        await here.on("down/n", ({ json }) => json === 299);
        await first.bridge[Symbol.asyncDispose]();

        // Nobody carries it now: it waits in the session here.
        await here.publish("up/n", 300);
        const second = open();
        await second.opened;
        await there.on("up/n", ({ json }) => json === 300);
        const numbers = (bus: Bus, topic: string) => bus.all(topic).map(({ json }) => json);
        assertEquals(numbers(there, "up/n"), [...counted, 300]);
        assertEquals(numbers(here, "down/n"), counted);
        for (const topic of ["house/a", "house/b"]) {
          assertEquals([here.all(topic).length, there.all(topic).length], [1, 1], topic);
        }
        assertEquals([there.all("private"), there.all("down/lamp").length], [[], 1]);
        assertEquals([there.all("up/door").length, here.all("down/lamp").length], [1, 1]);
        await second.bridge[Symbol.asyncDispose]();
      }
      await own.close();
      assertEquals(said.filter((line) => /is open$/.test(line)).length, 3, said.join("\n"));
    }),
});

Deno.test({
  ...needing(MOSQUITTO, "what the larger broker refuses, or is too large for it, does not hold the rest up"),
  fn: () =>
    withFolder(async (dir) => {
      const acl = join(dir, "acl");
      await Deno.writeTextFile(acl, "topic readwrite #\ntopic deny up/secret\n");
      await using larger = await Mosquitto.start(["max_packet_size 5000", `acl_file ${acl}`]);
      const own = await startEmbeddedBroker({ port: 0 });
      {
        await using here = await Bus.connect(own.port);
        await using there = await Bus.connect(larger.port);
        const said: string[] = [];
        const opened = Promise.withResolvers<void>();
        await using _bridge = new Bridge({
          config: { broker: parseBroker("127.0.0.1", larger.port), access: {}, topics: TOPICS },
          name: "hall",
          port: own.port,
          credentials: undefined,
          subscribedFile: join(dir, "bridge.json"),
          clock: systemClock,
          say: (message) => {
            said.push(message);
            opened.resolve();
          },
        });
        await opened.promise;
        await here.publish("up/large", "x".repeat(10_000));
        await here.publish("up/secret", "refused");
        await here.publish("up/door", "open");
        assertEquals((await there.on("up/door")).text, "open");
        assertEquals(there.messages.map(({ topic }) => topic), ["up/door"]);
        // mosquitto 2.0.11 closes the connection after a refusal: the refused message must not come with each new one.
        assertMatch(
          said[1] ?? "",
          /dropped a message on up\/large: it has 10000 bytes, and 5000 are the limit/,
        );
      }
      await own.close();
    }),
});

Deno.test({
  ...needing(MOSQUITTO, "a node with users joins its broker to another, by a file"),
  fn: () =>
    withFolder(async (dir) => {
      const port = freePort();
      await Deno.writeTextFile(join(dir, "passwords"), "");
      await using larger = await Mosquitto.start();
      const file = join(dir, "bridge.json");
      const users = join(dir, "users.txt");
      await Deno.writeTextFile(users, "", { mode: 0o600 });
      await Deno.writeTextFile(
        file,
        JSON.stringify({
          broker: `127.0.0.1:${larger.port}`,
          topics: [{ filter: "sensors/#", direction: "out" }, {
            filter: "nodes/hall/spawn",
            direction: "in",
          }],
        }),
      );
      await using there = await Bus.connect(larger.port);
      await using node = await NodeProcess.start({
        name: "hall",
        port,
        args: ["--broker", "embedded", "--broker-users", users, "--bridge", file],
      });
      await node.logged(/The bridge to mqtt:\/\/127\.0\.0\.1:\d+ is open/);
      const code = `async function setup(agent) { await agent.publish("sensors/door", "open"); }`;
      await there.publish("nodes/hall/spawn", { name: "door", node: "hall", code }, { retain: true });
      assertEquals((await there.on("sensors/door")).text, "open");
    }),
});

Deno.test("a file of a bridge that cannot be used is told in words", () =>
  withFolder(async (dir) => {
    const file = join(dir, "bridge.json");
    const topics = [{ filter: "a/#", direction: "out" }];
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ topics }, /broker is missing$/],
      [{ broker: "b", topics: [] }, /topics is empty: nothing would cross the bridge$/],
      [{ broker: "b", topics: [{ filter: "a/#/b", direction: "in" }] }, /topics: 'a\/#\/b' /],
      [
        { broker: "b", topics: [{ filter: "a", direction: "up" }] },
        /direction must be one of in, out, both$/,
      ],
      [
        { broker: "b", topics: [...topics, { filter: "a/b", direction: "both" }] },
        /overlap: .* would cross twice$/,
      ],
      [{ broker: "b", pasword: "x", topics }, /known are broker, username, password_file/],
      [{ broker: "mqtt://b", ca: "ca.crt", topics }, /--ca needs a mqtts:\/\/ or wss:\/\/ URL/],
    ];
    for (const [content, message] of cases) {
      await Deno.writeTextFile(file, JSON.stringify(content));
      const error = await assertRejects(() => readBridge(file, () => {}), Error);
      assertEquals([error.message.startsWith(`--bridge ${file}: `), message.test(error.message)], [
        true,
        true,
      ], error.message);
    }
  }));
