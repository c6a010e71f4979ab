import { assertEquals, assertRejects } from "@std/assert";
import { Switches } from "../../../../agents/harness/switches.ts";

function setUp() {
  const reported: [string, boolean][] = [];
  const switches = new Switches((name, on) => {
    reported.push([name, on]);
    return Promise.resolve();
  });
  const task = (payload: unknown) => switches.taskFor(payload)?.();
  return { reported, switches, task };
}

Deno.test("a switch says its state at the start, when a task has turned it, and when its agent says so", async () => {
  const { reported, switches, task } = setUp();
  const seen: boolean[] = [];
  const lamp = await switches.offer("lamp", { onChange: (on) => void seen.push(on) });
  assertEquals(await task({ switch: "lamp", on: true }), { switch: "lamp", on: true });
  assertEquals([lamp.on, seen], [true, [true]]);
  await lamp.set(false);
  assertEquals([lamp.on, seen], [false, [true]], "its agent knows already");
  assertEquals(reported, [["lamp", false], ["lamp", true], ["lamp", false]]);
  await switches.offer("fan", { on: true, onChange: () => {} });
  assertEquals(reported.at(-1), ["fan", true]);
});

Deno.test("a switch that cannot be turned keeps its state, and the task fails with the reason", async () => {
  const { reported, switches, task } = setUp();
  const lamp = await switches.offer("lamp", {
    onChange: () => Promise.reject(new Error("the line is taken")),
  });
  await assertRejects(async () => await task({ switch: "lamp", on: true }), Error, "the line is taken");
  assertEquals([lamp.on, reported], [false, [["lamp", false]]]);
  for (const on of [undefined, "ON", 1, null]) {
    await assertRejects(
      async () => await task({ switch: "lamp", on }),
      TypeError,
      '"on" must be true or false',
    );
  }
});

Deno.test("commands for a switch are carried out one after the other, also after one that failed", async () => {
  const { switches, task, reported } = setUp();
  const started: boolean[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await switches.offer("lamp", {
    onChange: async (on) => {
      started.push(on);
      if (started.length === 1) {
        await promise;
        throw new Error("once");
      }
    },
  });
  const first = Promise.resolve(task({ switch: "lamp", on: false })).catch((error) => error.message);
  const second = task({ switch: "lamp", on: true });
  await Promise.resolve();
  assertEquals(started, [false], "the second waits");
  resolve();
  assertEquals([await first, await second], ["once", { switch: "lamp", on: true }]);
  assertEquals(reported, [["lamp", false], ["lamp", true]]);
});

Deno.test("any other task is for handle_task", async () => {
  const { switches, task } = setUp();
  await switches.offer("lamp", { onChange: () => {} });
  for (const payload of [null, 1, "lamp", {}, { switch: "fan", on: true }, { switch: 1 }, ["lamp"]]) {
    assertEquals(task(payload), undefined);
  }
});

Deno.test("a switch has a name of its own and something to do", async () => {
  const { switches } = setUp();
  const onChange = () => {};
  const offer = (name: unknown, options: unknown) =>
    assertRejects(() => switches.offer(name as string, options as { onChange: () => void }), TypeError);
  assertEquals(
    (await offer("a/b", { onChange })).message,
    "Cannot offer the switch a/b: the name must be letters, digits, _ and -, up to 64",
  );
  await offer(undefined, { onChange });
  await offer("lamp", undefined);
  await offer("lamp", { onChange: "x" });
  await offer("lamp", { onChange, on: "ON" });
  await switches.offer("lamp", { onChange });
  assertEquals(
    (await offer("lamp", { onChange })).message,
    "Cannot offer the switch lamp: it is offered already",
  );
  for (let index = 1; index < 32; index++) await switches.offer(`s${index}`, { onChange });
  assertEquals(
    (await offer("more", { onChange })).message,
    "Cannot offer the switch more: an agent may offer 32 switches",
  );
});
