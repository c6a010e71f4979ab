import { assertEquals } from "@std/assert";
import { parseBroker } from "../../../../protocol/broker/broker_url.ts";
import { brokerForAgents, type Net } from "../../../../runner/process/broker_address.ts";

function net(addresses: readonly string[], answering: readonly string[] = []): Net {
  return {
    lookUp: () =>
      addresses.length === 0 ? Promise.reject(new Error("no such name")) : Promise.resolve(addresses),
    ownAddresses: () => ["192.168.1.7", "fe80::1"],
    answers: (address) => Promise.resolve(answering.includes(address)),
  };
}

async function granted(broker: string, ...world: Parameters<typeof net>): Promise<string> {
  const { host, port, url } = await brokerForAgents(parseBroker(broker, undefined), net(...world));
  return `${host} ${port} ${url}`;
}

Deno.test("of a broker on this machine agents are granted the one address where it answers", async () => {
  const both = ["::1", "127.0.0.1"];
  assertEquals(await granted("localhost", both, ["127.0.0.1"]), "127.0.0.1 1883 mqtt://127.0.0.1:1883");
  assertEquals(await granted("localhost:1884", both, both), "::1 1884 mqtt://[::1]:1884");
  assertEquals(
    await granted("ws://localhost:8080/mqtt", both, ["127.0.0.1"]),
    "127.0.0.1 8080 ws://127.0.0.1:8080/mqtt",
  );
  assertEquals(
    await granted("my-pi.local", ["192.168.1.7"], ["192.168.1.7"]),
    "192.168.1.7 1883 mqtt://192.168.1.7:1883",
  );
});

Deno.test("while it is away, that is one address too", async () => {
  assertEquals(await granted("localhost", ["::1", "127.0.0.1"]), "127.0.0.1 1883 mqtt://127.0.0.1:1883");
  assertEquals(await granted("localhost", ["::1"]), "::1 1883 mqtt://[::1]:1883");
  assertEquals(await granted("localhost", []), "127.0.0.1 1883 mqtt://127.0.0.1:1883");
});

Deno.test("a broker elsewhere, one behind TLS and an address stay as they are", async () => {
  assertEquals(await granted("broker.lan", ["10.0.0.1"]), "broker.lan 1883 mqtt://broker.lan:1883");
  assertEquals(await granted("broker.lan", []), "broker.lan 1883 mqtt://broker.lan:1883");
  assertEquals(await granted("mqtts://localhost", ["::1"]), "localhost 8883 mqtts://localhost:8883");
  assertEquals(await granted("127.0.0.1", []), "127.0.0.1 1883 mqtt://127.0.0.1:1883");
  assertEquals(await granted("::1", []), "::1 1883 mqtt://[::1]:1883");
});
