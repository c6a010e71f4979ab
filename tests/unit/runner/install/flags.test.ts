import { assertEquals } from "@std/assert";
import { installFlags } from "../../../../runner/install/flags.ts";

const installed = { importMap: "/i/import_map.json", lock: "/i/lock.json", env: { DENO_DIR: "/i/cache" } };

Deno.test("agent without dependencies can import nothing", () => {
  assertEquals(installFlags(undefined), [
    "--cached-only",
    "--no-remote",
    "--no-npm",
    "--no-lock",
    "--deny-import",
  ]);
});

Deno.test("agent with npm dependencies can import what its lock holds", () => {
  assertEquals(installFlags({ ...installed, jsrHost: undefined }), [
    "--cached-only",
    "--import-map=/i/import_map.json",
    "--lock=/i/lock.json",
    "--frozen",
    "--deny-import",
  ]);
});

Deno.test("agent with a dependency from JSR may import from that registry's host alone", () => {
  assertEquals(installFlags({ ...installed, jsrHost: "jsr.io:443" }), [
    "--cached-only",
    "--import-map=/i/import_map.json",
    "--lock=/i/lock.json",
    "--frozen",
    "--allow-import=jsr.io:443",
  ]);
});
