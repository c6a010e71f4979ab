import { assertEquals } from "@std/assert";
import { Denials } from "../../../../runner/audit/denials.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

function open() {
  const clock = new FakeClock();
  const lines: unknown[] = [];
  const denials = new Denials({ record: (entry) => void lines.push(entry) }, clock);
  return { clock, lines, denials };
}

Deno.test("what an agent tries at once is one line, and so is what it tries in the minute after", async () => {
  const { clock, lines, denials } = open();
  denials.add("a", "read", "/etc/passwd");
  denials.add("a", "read", "/etc/passwd");
  denials.add("a", "net", "evil:1");
  denials.add("b", "publish", "nodes/x/spawn");
  assertEquals(lines, []);
  await clock.advance(500);
  assertEquals(lines.splice(0), [
    {
      event: "denied",
      agent: "a",
      count: 3,
      counts: { read: 2, net: 1 },
      tried: { read: ["/etc/passwd"], net: ["evil:1"] },
    },
    { event: "denied", agent: "b", count: 1, counts: { publish: 1 }, tried: { publish: ["nodes/x/spawn"] } },
  ]);
  for (let n = 0; n < 1000; n++) denials.add("a", "read", `/${n}`);
  await clock.advance(59_000);
  assertEquals(lines, []);
  await clock.advance(1000);
  const [line] = lines.splice(0) as { count: number; tried: { read: string[] } }[];
  assertEquals([line?.count, line?.tried.read.length, lines.length], [1000, 20, 0]);
  // Nothing came: it is forgotten.
  await clock.advance(60_000);
  assertEquals([lines, clock.pendingMs], [[], []]);
});

Deno.test("what is still held when the node ends is written then, and nothing after", async () => {
  const { clock, lines, denials } = open();
  denials.add("a", "read", "x".repeat(1000));
  denials[Symbol.dispose]();
  denials.add("a", "read", "/y");
  await clock.advance(60_000);
  const tried = { read: ["x".repeat(200)] };
  assertEquals(lines, [{ event: "denied", agent: "a", count: 1, counts: { read: 1 }, tried }]);
});

Deno.test("what is made up takes no room from what is of another kind, and hides nothing by coming first", async () => {
  const clock = new FakeClock();
  const lines: { counts: Record<string, number>; tried: Record<string, string[]> }[] = [];
  // The last that came of its kind takes the first place.
  const denials = new Denials({ record: (entry) => void lines.push(entry as never) }, clock, () => 0);
  for (let n = 0; n < 5000; n++) denials.add("a", "read", `/made-up/${n}`);
  denials.add("a", "read", "/etc/shadow");
  denials.add("a", "net", "192.0.2.1:22");
  await clock.advance(500);
  assertEquals(lines[0]?.counts, { read: 5001, net: 1 });
  assertEquals([lines[0]?.tried.net, lines[0]?.tried.read?.includes("/etc/shadow")], [
    ["192.0.2.1:22"],
    true,
  ]);
  denials[Symbol.dispose]();
});
