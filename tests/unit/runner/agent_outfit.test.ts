import { assertEquals } from "@std/assert";
import { NO_PERMISSIONS } from "../../../protocol/permissions.ts";
import { environmentOf, type Foundation, limitsOf } from "../../../runner/agent_outfit.ts";
import { PolicyEnforcer } from "../../../runner/policy/policy_enforcer.ts";
import { DEFAULT_POLICY } from "../../../runner/policy/policy.ts";

const RULES = new PolicyEnforcer(DEFAULT_POLICY).rulesFor("a");
const DEFAULTS = { heapMb: 192, memoryMb: 256, stateBytes: 1024 };
const PYTHON = { kind: "python", python: {}, harness: {} } as Foundation;

Deno.test("the runner's flags hold where the policy says nothing", () => {
  const { heapMb, memoryMb, stateBytes } = limitsOf(RULES, NO_PERMISSIONS, undefined, DEFAULTS);
  assertEquals({ heapMb, memoryMb, stateBytes }, DEFAULTS);
});

Deno.test("the heap follows the memory that the policy gives, unless it says the heap too", () => {
  const heapOf = (rules: object) =>
    limitsOf({ ...RULES, ...rules }, NO_PERMISSIONS, undefined, DEFAULTS).heapMb;
  assertEquals(heapOf({ memory_mb: 100 }), 75);
  assertEquals(heapOf({ memory_mb: 100, heap_mb: 90 }), 90);
});

Deno.test("an agent in Python has a small heap beside its own memory, never more than it is allowed", () => {
  const heapOf = (rules: object) => limitsOf({ ...RULES, ...rules }, NO_PERMISSIONS, PYTHON, DEFAULTS).heapMb;
  assertEquals([heapOf({}), heapOf({ heap_mb: 16 })], [48, 16]);
});

Deno.test("files may be larger than the state: persist says no before the kernel does", () => {
  const { stateBytes, fileBytes } = limitsOf({ ...RULES, state_mb: 2 }, NO_PERMISSIONS, undefined, DEFAULTS);
  assertEquals([stateBytes, fileBytes > stateBytes], [2 * 1024 * 1024, true]);
});

Deno.test("whom the policy gives hosts, files or programs may open more files", () => {
  const filesOf = (permissions: object) =>
    limitsOf(RULES, { ...NO_PERMISSIONS, ...permissions }, undefined, DEFAULTS).openFiles;
  assertEquals([{}, { sys: ["hostname"] }, { net: ["example.org"] }].map(filesOf), [128, 128, 4096]);
});

Deno.test("an agent sees of the runner's environment what it was granted, and cannot have Deno's changed by it", () => {
  const env = { HOME: "/home/pi", TOKEN: "t", DENO_DIR: "/elsewhere" };
  const seen = environmentOf(undefined, "/bare", ["TOKEN", "DENO_DIR", "ABSENT"], env);
  assertEquals(seen, { TOKEN: "t", DENO_DIR: "/bare", DENO_WEBGPU_BACKEND: "none" });
  assertEquals(environmentOf(PYTHON, "/bare", [], env)["MALLOC_ARENA_MAX"], "1");
  assertEquals(environmentOf(undefined, "/bare", [], { ...env, TZ: "Asia/Tokyo" }).TZ, "Asia/Tokyo");
});
