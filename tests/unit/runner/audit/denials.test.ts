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
    { event: "denied", agent: "a", count: 3, tried: { read: ["/etc/passwd"], net: ["evil:1"] } },
    { event: "denied", agent: "b", count: 1, tried: { publish: ["nodes/x/spawn"] } },
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
  assertEquals(lines, [{ event: "denied", agent: "a", count: 1, tried: { read: ["x".repeat(200)] } }]);
});
