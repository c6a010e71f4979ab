/** What should run where, as later generations build on it. */
import { assertEquals } from "@std/assert";
import { entryWindows, windowsOf } from "../../../../operator/operations/closed_windows.ts";
import { FleetBoard } from "../../../../operator/operations/fleet_board.ts";
import { wantedNow } from "../../../../operator/operations/fleet_status.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

const about = { fleet: "home", generation: 1, tag: "1-0000000a", based_on: [], by: "ana" };
const late = { node: "hall", config: { name: "late", code: "//" }, window: "Sat 02:00-04:00 UTC" };
const free = { node: "hall", config: { name: "free", code: "//" } };

Deno.test("agents keep their windows when a generation is built on the one before", async () => {
  const broker = new FakeBroker();
  const agents = [late, free].map(({ config }) => ({ ...config, node: "hall", epoch: 7 }));
  const message = { ...about, ...entryWindows("hall", [late, free]), agents };
  broker.publish("nodes/hall/desired_state", message, true);
  using board = await FleetBoard.open(broker.operator(), "home");
  const again = wantedNow(board);
  assertEquals(again, [late, free]);
  assertEquals(windowsOf("hall", again, []), [late.window]);
});

Deno.test("windows that are no text count as none, and nodes without any are told nothing of them", async () => {
  const broker = new FakeBroker();
  const message = { ...about, entry_windows: { free: 7 }, agents: [free.config] };
  broker.publish("nodes/hall/desired_state", message, true);
  using board = await FleetBoard.open(broker.operator(), "home");
  assertEquals(wantedNow(board), [free]);
  assertEquals(entryWindows("hall", [free]), {});
});
