import { assertEquals } from "@std/assert";
import { helperFlags } from "../../../../runner/process/helper_flags.ts";

Deno.test("a helper process may read and write what it is given, and nothing else", () => {
  const kinds = ["net", "run", "sys", "ffi", "read", "write"];
  const about = (flags: readonly string[]) =>
    flags.filter((flag) => kinds.some((kind) => new RegExp(`^--(allow|deny)-${kind}\\b`).test(flag)));
  const denied = ["--deny-net", "--deny-run", "--deny-sys", "--deny-ffi"];
  assertEquals(about(helperFlags({ read: ["/a", "/b"] })), [...denied, "--allow-read=/a,/b", "--deny-write"]);
  assertEquals(about(helperFlags({ read: ["/a"], write: ["/c"] })), [
    ...denied,
    "--allow-read=/a",
    "--allow-write=/c",
  ]);
});
