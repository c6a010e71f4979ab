/** What the sandbox lets agents do. What it keeps from them: tests/hostile. */
import { assertEquals } from "@std/assert";
import { prison } from "../support/prison.ts";
import { probe } from "../support/probe.ts";

Deno.test("an agent can talk to the broker itself, and use its own state file", async () => {
  await using prisoner = await prison();
  const { bus, node, given } = prisoner;
  const findings = await probe(bus, node, "probe", {
    connect: `const socket = await Deno.connect({ hostname: agent.broker.host, port: agent.broker.port });
      // MQTT 3.1.1 CONNECT with client id "probe"; CONNACK is 0x20 0x02 and two bytes.
      await socket.write(new Uint8Array([0x10, 17, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 5, 112, 114, 111, 98, 101]));
      const answer = new Uint8Array(4);
      for (let had = 0; had < 4;) had += await socket.read(answer.subarray(had)) ?? 4;
      socket.close();
      return [...answer].join(" ");`,
    node: `const net = await import("node:net");
      return await new Promise((resolve, reject) => {
        const socket = net.connect(agent.broker.port, agent.broker.host, () => { socket.destroy(); resolve("connected"); });
        socket.on("error", reject);
      });`,
    state: `agent.persist("k", [1]); return agent.recall("k");`,
  }, given);
  assertEquals(findings, { connect: 'GOT: "32 2 0 0"', node: 'GOT: "connected"', state: "GOT: [ 1 ]" });
});
