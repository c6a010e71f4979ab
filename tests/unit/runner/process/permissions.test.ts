import { assertEquals } from "@std/assert";
import { installFlags } from "../../../../runner/install/flags.ts";
import { sandboxFlags, type SandboxSpec } from "../../../../runner/process/permissions.ts";

const SPEC: SandboxSpec = {
  broker: { host: "broker.lan", port: 1883 },
  stateFile: "/state/agentflow_a_state.json",
  harness: "/work/harness/agents/harness/main.ts",
  importFlags: installFlags(undefined),
  heapMb: 192,
};
const BEFORE = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-check",
  "--node-modules-dir=none",
  "--ignore-env",
];
const FILES = [
  "--allow-read=/state/agentflow_a_state.json,/state/agentflow_a_state.json.tmp",
  "--allow-write=/state/agentflow_a_state.json,/state/agentflow_a_state.json.tmp",
  "--deny-env",
  "--deny-run",
  "--deny-sys",
  "--deny-ffi",
];
const AFTER = ["--v8-flags=--max-old-space-size=192", "/work/harness/agents/harness/main.ts"];

Deno.test("an agent without dependencies may reach the broker and its state file, import nothing, and no more", () => {
  assertEquals(sandboxFlags(SPEC), [
    ...BEFORE,
    "--allow-net=broker.lan:1883",
    ...FILES,
    "--cached-only",
    "--no-remote",
    "--no-npm",
    "--no-lock",
    "--deny-import",
    ...AFTER,
  ]);
});

Deno.test("an agent with dependencies may import what its lock holds besides", () => {
  const importFlags = installFlags({
    importMap: "/work/i/import_map.json",
    lock: "/work/i/deno.lock",
    env: { DENO_DIR: "/work/i/deno" },
    jsrHost: "jsr.io:443",
  });
  assertEquals(sandboxFlags({ ...SPEC, importFlags }), [
    ...BEFORE,
    "--allow-net=broker.lan:1883",
    ...FILES,
    "--cached-only",
    "--import-map=/work/i/import_map.json",
    "--lock=/work/i/deno.lock",
    "--frozen",
    "--allow-import=jsr.io:443",
    ...AFTER,
  ]);
});

Deno.test("an IPv6 broker is named in brackets", () => {
  const flags = sandboxFlags({ ...SPEC, broker: { host: "::1", port: 1884 } });
  assertEquals(flags.filter((flag) => flag.startsWith("--allow-net")), ["--allow-net=[::1]:1884"]);
});

Deno.test("the same spec gives the same flags, and nothing is allowed without a list", () => {
  const flags = sandboxFlags(SPEC);
  assertEquals(sandboxFlags({ ...SPEC }), flags);
  assertEquals(flags.filter((flag) => /^(-A|--allow-all|--allow-[a-z]+$)/.test(flag)), []);
});
