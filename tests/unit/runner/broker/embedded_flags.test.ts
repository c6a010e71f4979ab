import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../../../runner/config.ts";

function embedded(...args: string[]) {
  const request = parseCommandLine(["--broker", "embedded", ...args], {}, "abcdef");
  return request.kind === "run" ? request.config.embedded : undefined;
}

const USERS = ["--broker-users", "/u"];
const TLS = ["--broker-cert", "/c", "--broker-key", "/k"];

Deno.test("addresses to listen on are hosts or URLs, with TLS where there is a certificate", () => {
  assertEquals(embedded()?.listeners, []);
  assertEquals(embedded("--listen", "0.0.0.0:1884, ws://[::1]:9001", ...USERS)?.listeners, [
    { scheme: "mqtt", host: "0.0.0.0", port: 1884 },
    { scheme: "ws", host: "::1", port: 9001 },
  ]);
  const both = embedded("--listen", "0.0.0.0,mqtt://10.0.0.1", ...USERS, ...TLS);
  assertEquals(both?.listeners, [
    { scheme: "mqtts", host: "0.0.0.0", port: 8883 },
    { scheme: "mqtt", host: "10.0.0.1", port: 1883 },
  ]);
  assertEquals(both?.tls, { cert: "/c", key: "/k" });
});

Deno.test("loopback needs no users, everything else does, and the refusal has the line to paste", () => {
  assertEquals(embedded("--listen", "ws://127.0.0.1:9001")?.listeners.length, 1);
  for (const open of ["0.0.0.0", "::", "10.0.0.1:1883", "ws://0.0.0.0:9001", "127.0.0.1:1884,broker.lan"]) {
    const { message } = assertThrows(() => embedded("--listen", open)) as Error;
    assertMatch(message, /agentflow users add users\.txt me --role operator/);
  }
});

Deno.test("flags of the embedded broker that do not fit are refused", () => {
  const wrong: [args: string[], message: RegExp][] = [
    [["--listen", "wss://0.0.0.0", ...USERS], /needs --broker-cert/],
    [["--listen", "http://0.0.0.0", ...USERS], /unknown scheme/],
    [["--listen", "0.0.0.0", ...USERS, "--broker-cert", "/c"], /--broker-cert needs --broker-key/],
    [TLS, /--listen mqtts:/],
    [["--broker-data", "sensors/#,nodes/#"], /--broker-data 'nodes\/#'/],
  ];
  for (const [args, message] of wrong) {
    assertMatch((assertThrows(() => embedded(...args)) as Error).message, message);
  }
  const elsewhere = () => parseCommandLine(["--broker", "b", ...USERS], {}, "abcdef");
  assertMatch((assertThrows(elsewhere) as Error).message, /--broker-users needs --broker embedded/);
});
