import { assertEquals, assertThrows } from "@std/assert";
import { parseBroker } from "../../../../protocol/broker/broker_url.ts";

Deno.test("every way to name a broker leads to its host, its port and its URL", () => {
  const cases: [broker: string, port: number | undefined, host: string, chosen: number, url: string][] = [
    ["localhost", undefined, "localhost", 1883, "mqtt://localhost:1883"],
    ["localhost", 1884, "localhost", 1884, "mqtt://localhost:1884"],
    ["10.0.0.1", undefined, "10.0.0.1", 1883, "mqtt://10.0.0.1:1883"],
    ["broker.lan:1884", undefined, "broker.lan", 1884, "mqtt://broker.lan:1884"],
    ["broker.lan:1884", 1885, "broker.lan", 1884, "mqtt://broker.lan:1884"],
    ["broker.lan:80", undefined, "broker.lan", 80, "mqtt://broker.lan:80"],
    ["::1", undefined, "::1", 1883, "mqtt://[::1]:1883"],
    ["fe80::1", 1884, "fe80::1", 1884, "mqtt://[fe80::1]:1884"],
    ["[::1]", undefined, "::1", 1883, "mqtt://[::1]:1883"],
    ["[::1]:1884", undefined, "::1", 1884, "mqtt://[::1]:1884"],
    ["mqtt://b", undefined, "b", 1883, "mqtt://b:1883"],
    ["mqtt://b:1", 2, "b", 1, "mqtt://b:1"],
    ["mqtt://b/", undefined, "b", 1883, "mqtt://b:1883"],
    ["mqtt://[::1]:80", undefined, "::1", 80, "mqtt://[::1]:80"],
    ["mqtts://b", undefined, "b", 8883, "mqtts://b:8883"],
    ["mqtts://b", 1, "b", 1, "mqtts://b:1"],
    ["ws://b", undefined, "b", 80, "ws://b:80"],
    ["ws://b:80/mqtt", 9001, "b", 80, "ws://b:80/mqtt"],
    ["ws://b/mqtt?x=1", 9001, "b", 9001, "ws://b:9001/mqtt?x=1"],
    ["ws://b/a:12/c", 9001, "b", 9001, "ws://b:9001/a:12/c"],
    ["wss://b/mqtt", undefined, "b", 443, "wss://b:443/mqtt"],
    ["Broker.LAN", undefined, "broker.lan", 1883, "mqtt://broker.lan:1883"],
    ["bücher.example", undefined, "xn--bcher-kva.example", 1883, "mqtt://xn--bcher-kva.example:1883"],
    ["192.168.1.10:1", undefined, "192.168.1.10", 1, "mqtt://192.168.1.10:1"],
    ["fe80::0:1", undefined, "fe80::1", 1883, "mqtt://[fe80::1]:1883"],
    ["fe80::1%eth0", undefined, "fe80::1%eth0", 1883, "mqtt://[fe80::1%25eth0]:1883"],
    ["[fe80::1%eth0]:1884", undefined, "fe80::1%eth0", 1884, "mqtt://[fe80::1%25eth0]:1884"],
    ["mqtt://[fe80::1%25eth0]", undefined, "fe80::1%eth0", 1883, "mqtt://[fe80::1%25eth0]:1883"],
    ["mqtt://[fe80::1%eth0.1]:1", undefined, "fe80::1%eth0.1", 1, "mqtt://[fe80::1%25eth0.1]:1"],
  ];
  for (const [broker, port, host, chosen, url] of cases) {
    assertEquals(parseBroker(broker, port), { host, port: chosen, url }, `${broker} ${port}`);
  }
});

const RULE = "that is four numbers from 0 to 255 without zeros before them";

Deno.test("what names no broker is refused with the reason", () => {
  const cases: [broker: string, message: string][] = [
    ["http://b", "unknown scheme 'http': use mqtt, mqtts, ws or wss"],
    ["MQTT://b", "unknown scheme 'MQTT': use mqtt, mqtts, ws or wss"],
    ["://b", "unknown scheme '': use mqtt, mqtts, ws or wss"],
    ["", "not a host name, an address or a broker URL"],
    ["a b", "not a host name, an address or a broker URL"],
    ["mqtt://", "not a host name, an address or a broker URL"],
    ["b:99999", "not a host name, an address or a broker URL"],
    ["b:port", "not a host name, an address or a broker URL"],
    ["1:2:3:zz", "not a host name, an address or a broker URL"],
    ["b:0", "the port must be a whole number from 1 to 65535"],
    ["mqtt://b:0", "the port must be a whole number from 1 to 65535"],
    ["b/path", "not a host name or an address"],
    ["b?x", "not a host name or an address"],
    ["192.168.001.010", `'192.168.001.010' is not an address: ${RULE}`],
    ["mqtt://127.1:1883", `'127.1' is not an address: ${RULE}`],
    ["0x7f.0.0.1", `'0x7f.0.0.1' is not an address: ${RULE}`],
    ["１27.0.0.1", `'１27.0.0.1' is not an address: ${RULE}`],
    ["1883", `'1883' is not an address: ${RULE}; for a port, use --port 1883`],
    ["a%62", "'a%62' is not a host name: 'ab' would be taken for it"],
    [
      "mqtts://[fe80::1%eth0]",
      "an address with a zone (%eth0) works with mqtt:// alone: use another address, or a name",
    ],
  ];
  for (const [broker, message] of cases) {
    assertEquals(assertThrows(() => parseBroker(broker, undefined), Error).message, message, broker);
  }
});

Deno.test("credentials on the command line are refused", () => {
  for (const broker of ["mqtt://user:pw@b", "mqtt://user@b", "wss://:pw@b/x", "user:pw@b", "user@b"]) {
    assertEquals(
      assertThrows(() => parseBroker(broker, undefined), Error).message,
      "credentials do not belong on the command line, where every user of this machine can read them",
      broker,
    );
  }
});
