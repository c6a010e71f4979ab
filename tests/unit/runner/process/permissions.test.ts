import { assertEquals } from "@std/assert";
import { NO_PERMISSIONS } from "../../../../protocol/permissions.ts";
import { installFlags } from "../../../../runner/install/flags.ts";
import { sandboxFlags, type SandboxSpec } from "../../../../runner/process/permissions.ts";

const SPEC: SandboxSpec = {
  broker: { host: "broker.lan", port: 1883 },
  stateFile: "/state/agentflow_a_state.json",
  harness: "/srv/harness/agents/harness/main.ts",
  libraries: [],
  importFlags: installFlags(undefined),
  permissions: NO_PERMISSIONS,
  heapMb: 192,
  v8Flags: [],
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
const AFTER = ["--v8-flags=--max-old-space-size=192", "/srv/harness/agents/harness/main.ts"];

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
    importMap: "/srv/i/import_map.json",
    lock: "/srv/i/deno.lock",
    env: { DENO_DIR: "/srv/i/deno" },
    jsrHost: "jsr.io:443",
  });
  assertEquals(sandboxFlags({ ...SPEC, importFlags }), [
    ...BEFORE,
    "--allow-net=broker.lan:1883",
    ...FILES,
    "--cached-only",
    "--import-map=/srv/i/import_map.json",
    "--lock=/srv/i/deno.lock",
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

Deno.test("what is granted is listed beside what all have, and only kinds without a grant are denied whole", () => {
  const permissions = {
    net: ["api.example:443"],
    read: ["/data"],
    write: ["/data/out"],
    env: ["ACME_KEY", "ACME_ID"],
    sys: ["hostname"],
    run: ["/opt/acme/tool"],
    ffi: ["/opt/acme/lib.so"],
  };
  assertEquals(sandboxFlags({ ...SPEC, permissions }), [
    ...BEFORE,
    "--allow-net=broker.lan:1883,api.example:443",
    "--allow-read=/state/agentflow_a_state.json,/state/agentflow_a_state.json.tmp,/data",
    "--allow-write=/state/agentflow_a_state.json,/state/agentflow_a_state.json.tmp,/data/out",
    "--allow-env=ACME_KEY,ACME_ID",
    "--allow-run=/opt/acme/tool",
    "--allow-sys=hostname",
    "--allow-ffi=/opt/acme/lib.so",
    "--cached-only",
    "--no-remote",
    "--no-npm",
    "--no-lock",
    "--deny-import",
    ...AFTER,
  ]);
});

Deno.test("without the broker there is no net but what is granted", () => {
  const net = (hosts: readonly string[]) =>
    sandboxFlags({ ...SPEC, broker: undefined, permissions: { ...NO_PERMISSIONS, net: hosts } })
      .filter((flag) => flag.includes("-net"));
  assertEquals(net([]), ["--deny-net"]);
  assertEquals(net(["a.example:1"]), ["--allow-net=a.example:1"]);
});
