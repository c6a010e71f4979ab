import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { linksThatLeadOut } from "../../../../runner/policy/links.ts";
import { readPolicy } from "../../../../runner/policy/read.ts";

Deno.test("links that lead out of what is granted are told, those that stay inside are not", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-links-" }));
  await Deno.mkdir(join(dir, "open", "deep"), { recursive: true });
  await Deno.mkdir(join(dir, "other"));
  await Deno.symlink("/etc", join(dir, "open", "deep", "out"));
  await Deno.symlink(join(dir, "open"), join(dir, "open", "round"));
  await Deno.symlink(join(dir, "other"), join(dir, "open", "granted"));
  await Deno.symlink(join(dir, "nowhere"), join(dir, "open", "dangling"));
  const file = join(dir, "policy.json");
  const read = [join(dir, "open"), join(dir, "other")];
  const policy = {
    permissions: { read, write: [join(dir, "missing")] },
    agents: { all: { permissions: { read: ["*"] } } },
  };
  await Deno.writeTextFile(file, JSON.stringify(policy), { mode: 0o600 });
  const open = join(dir, "open");
  assertEquals((await linksThatLeadOut(await readPolicy(file))).sort(), [
    `Warning: ${open}/dangling leads to ${dir}/nowhere: whoever may read ${open} may read that too`,
    `Warning: ${open}/deep/out leads to /etc: whoever may read ${open} may read that too`,
  ]);
  await Deno.remove(dir, { recursive: true });
});
