import { assertEquals } from "@std/assert";
import { canBeOverheard, credentialOptions, usesTls } from "../../../../protocol/broker/access.ts";
import { parseBroker } from "../../../../protocol/broker/broker_url.ts";
import { Secret } from "../../../../protocol/config/secret.ts";

Deno.test("what is encrypted, or stays on this machine, cannot be overheard", () => {
  const cases: [broker: string, tls: boolean, overheard: boolean][] = [
    ["mqtts://b", true, false],
    ["wss://b/mqtt", true, false],
    ["mqtt://b", false, true],
    ["ws://b", false, true],
    ["localhost", false, false],
    ["127.0.0.1", false, false],
    ["127.1.2.3", false, false],
    ["::1", false, false],
    ["127.0.0.1.example", false, true],
    ["192.168.1.10", false, true],
  ];
  for (const [broker, tls, overheard] of cases) {
    const url = parseBroker(broker, undefined);
    assertEquals([usesTls(url), canBeOverheard(url)], [tls, overheard], broker);
  }
});

Deno.test("the client is given what there is, and always told to check the broker's certificate", () => {
  assertEquals(credentialOptions({}), { rejectUnauthorized: true });
  const identity = { certificate: "CERT", key: new Secret("KEY") };
  assertEquals(credentialOptions({ username: "u", password: new Secret("p"), ca: "CA", identity }), {
    rejectUnauthorized: true,
    username: "u",
    password: "p",
    ca: "CA",
    cert: "CERT",
    key: "KEY",
  });
});
