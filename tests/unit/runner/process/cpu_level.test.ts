import { assertEquals } from "@std/assert";
import { levelOf } from "../../../../runner/process/cpu_level.ts";

const free = (percent: number) => ({ percent, heldTo: undefined });
const held = (percent: number, heldTo: number) => ({ percent, heldTo });

Deno.test("while all agents use less than they may, none is held", () => {
  assertEquals(levelOf([], 100), undefined);
  assertEquals(levelOf([free(40), free(60)], 100), undefined);
});

Deno.test("who wants little gets it, and the others share what is left", () => {
  assertEquals(levelOf([free(100), free(100)], 100), 50);
  assertEquals(levelOf([free(100), free(20), free(100)], 100), 40);
  assertEquals(levelOf([free(100), free(100), free(0), free(0)], 180), 90);
  assertEquals(levelOf([free(150)], 100), 100);
});

Deno.test("who uses all that it is held to wants more; who does not is let go", () => {
  assertEquals(levelOf([held(50, 50), held(48, 50)], 100), 50);
  assertEquals(levelOf([held(50, 50), held(10, 50)], 100), 90);
  assertEquals(levelOf([held(30, 50), held(10, 50)], 100), undefined);
  assertEquals(levelOf([held(90, 100)], 100), 100);
});
