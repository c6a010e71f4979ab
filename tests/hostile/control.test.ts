import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { unsandboxed } from "./control.ts";

const attempt = (id: string, body: string) => ({ id, body });

Deno.test("a control run is no root, in no group, and reaches copies instead of what it is given", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-control-test-" });
  try {
    await Deno.writeTextFile(join(dir, "secret.txt"), "the original");
    const given = { dir, outside: dir, workDir: dir, runnerPid: Deno.pid, port: 1, otherPort: 1 };
    const findings = await unsandboxed([
      attempt("uid", "return Deno.uid();"),
      attempt(
        "groups",
        `return /^Groups:(.*)$/m.exec(Deno.readTextFileSync("/proc/self/status"))[1].trim();`,
      ),
      attempt("given", "return given;"),
      attempt("home", `return [Deno.env.get("HOME"), Deno.cwd()].map((path) => Deno.statSync(path).uid);`),
      attempt(
        "remove",
        `for (const name of ["secret.txt", "secret.js"]) Deno.removeSync(given.dir + "/" + name); return "removed";`,
      ),
    ], given);
    const uid = Number(/^GOT: (\d+)$/.exec(findings.uid ?? "")?.[1]);
    assert(uid > 0, findings.uid);
    if (Deno.uid() === 0) assertEquals(findings.groups, 'GOT: ""');
    assertEquals(findings.home, `GOT: [ ${uid}, ${uid} ]`);
    assertMatch(findings.given ?? "", /agentflow-control-/);
    assert(
      findings.given?.includes(dir) === false && !findings.given.includes(String(Deno.pid)),
      findings.given,
    );
    assertEquals(findings.remove, 'GOT: "removed"');
    assertEquals(await Deno.readTextFile(join(dir, "secret.txt")), "the original");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
