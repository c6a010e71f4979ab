/** Whatever others publish, it neither acts on the operator's terminal nor reaches a shell's command line. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { actorId } from "../../protocol/ids.ts";
import { printable } from "../../protocol/printable.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctl, CtlProcess } from "../support/ctl.ts";
import { NodeProcess } from "../support/node_process.ts";

/** A screen cleared, a title set, text turned around, and a line that looks like another's. */
const EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202eoof\u2066\u200b\n00:00:00  hall/sensor  all is well";
const NAMES = ["zz$(id)", "zz`id`", "zz;id", "zz id", "zz\x1b[2J", "zz\nzz", "\u202ezz"];

Deno.test("nothing that others publish acts on a terminal, or is offered to a shell", async (t) => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using _node = await NodeProcess.start({ port: broker.port, name: "hall" });
  await bus.on("nodes/hall/heartbeat");
  const cache = await Deno.makeTempDir({ prefix: "agentflow-cache-" });
  const at = ["--broker", "127.0.0.1", "--port", String(broker.port)];
  const env = { XDG_CACHE_HOME: cache };
  const run = (...args: string[]) => ctl([...args, ...at], { env });
  const isHarmless = (text: string) => assertEquals(text, printable(text));

  const id = actorId("sensor");
  for (const name of NAMES) {
    const topic = name.replace(/[^ -~]/g, "?");
    await bus.publish(`nodes/${topic}/status`, { node: name, status: "online" }, { retain: true });
    await bus.publish(`agents/${actorId(name)}/manifest`, { name, node: "hall" }, { retain: true });
  }
  await bus.publish(`agents/${id}/manifest`, { name: "sensor", node: "attic", description: EVIL }, {
    retain: true,
  });
  await bus.publish("nodes/attic/status", { node: "attic", status: "online" }, { retain: true });

  try {
    await t.step("tables and JSON hold valid names alone, and harmless text", async () => {
      await using talk = repeat(async () => {
        const labels = { [EVIL]: EVIL };
        const agents = ["sensor", ...NAMES];
        await bus.publish("nodes/attic/heartbeat", { node: "attic", agents, version: EVIL, labels });
        await bus.publish(`agents/${id}/heartbeat`, { name: "sensor", node: "attic", state: EVIL });
      });
      await talk.hasBegun;
      for (const args of [["nodes", "--listen", "1"], ["agents"], ["doctor"]]) {
        for (const more of [[], ["--json"]]) {
          const { stdout, stderr } = await run(...args, ...more);
          isHarmless(stdout + stderr);
          assert(!stdout.includes("zz"), `${args} ${more}: ${stdout}`);
        }
      }
      const nodes = (await run("nodes", "--json", "--listen", "1")).json;
      assertEquals(nodes.map(({ node }: { node: string }) => node), ["attic", "hall"]);
      // Where nothing is shown, nothing is lost.
      assertStringIncludes(nodes[0].version, EVIL.slice(0, 50));
    });

    await t.step("log lines, levels, severities and topics are each one harmless line", async () => {
      const fields = { agent: "sensor", name: "sensor", node: "attic", level: EVIL, timestamp: 1 };
      for (const command of [["logs"], ["errors"], ["watch"]]) {
        await using process = CtlProcess.start([...command, ...command[0] === "watch" ? [] : ["-f"], ...at], {
          env,
        });
        await using _talk = repeat(async () => {
          await bus.publish(`agents/${id}/logs`, { ...fields, type: "log", message: `MARK ${EVIL}` });
          const error = { ...fields, severity: EVIL, phase: EVIL, error: `MARK ${EVIL}`, traceback: EVIL };
          await bus.publish(`agents/${id}/errors`, error);
          await bus.publish(`agents/${id}/alert`, { ...fields, severity: EVIL, message: `MARK ${EVIL}` });
          await bus.publish(`evil/\x1b[2J\u202e`, `MARK ${EVIL}`);
        });
        await process.printed(/MARK[^]*\n/);
        await process.interrupt();
        isHarmless(process.stdout + process.stderr);
        const forged = process.stdout.split("\n").filter((line) => line.startsWith("00:00:00"));
        assertEquals(forged, [], process.stdout);
      }
    });

    await t.step("a shell is offered nothing that it would run", async () => {
      const seen = await Deno.readTextFile(join(cache, "agentflow", "seen.json"));
      assert(!seen.includes("zz"), seen);
      for (const word of ["stop", "logs"]) {
        const { stdout } = await ctl(["__complete", word, ""], { env });
        assert(!stdout.includes("zz"), stdout);
      }
    });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

/** Says it again and again: who listens later hears it too. */
function repeat(say: () => Promise<void>): AsyncDisposable & { readonly hasBegun: Promise<void> } {
  let isOver = false;
  const begun = Promise.withResolvers<void>();
  const running = (async () => {
    while (!isOver) {
      await say();
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    hasBegun: begun.promise,
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await running;
    },
  };
}
