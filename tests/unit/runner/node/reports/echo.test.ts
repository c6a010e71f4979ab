import { assertEquals } from "@std/assert";
import { Echo } from "../../../../../runner/node/reports/echo.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const said: string[] = [];
  const write = (message: string) => void said.push(message);
  const log = { isDebug: false, debug: write, info: write, warning: write, error: write };
  const link = { connected: true };
  return { clock, said, link, echo: new Echo({ node: "n", link, clock, log }) };
}

const DEAF =
  "The broker does not deliver this node's own messages under nodes/n/, so commands will not arrive either. " +
  "Check that the broker's access rules allow its user to write and read nodes/n/#";

Deno.test("a node that does not hear itself says so once, and when it does again", async () => {
  const { echo, clock, said } = setUp();
  echo.connected();
  for (let beat = 0; beat < 4; beat++) {
    echo.sent();
    await clock.advance(10_000);
  }
  assertEquals(said, [DEAF]);
  echo.heard();
  echo.heard();
  assertEquals(said, [DEAF, "The broker delivers this node's own messages"]);
  echo.sent();
  await clock.advance(10_000);
  echo.sent();
  assertEquals(said.length, 3);
});

Deno.test("a node that hears itself is silent", async () => {
  const { echo, clock, said } = setUp();
  for (let beat = 0; beat < 4; beat++) {
    echo.sent();
    await clock.advance(5_000);
    echo.heard();
    await clock.advance(5_000);
  }
  assertEquals(said, []);
});

Deno.test("beats that follow each other at once, or go nowhere, prove nothing", async () => {
  const { echo, clock, said, link } = setUp();
  echo.sent();
  await clock.advance(100);
  echo.sent();
  link.connected = false;
  await clock.advance(60_000);
  echo.sent();
  link.connected = true;
  echo.connected();
  echo.sent();
  assertEquals(said, []);
});
