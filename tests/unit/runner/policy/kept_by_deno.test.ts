/** What Deno keeps from agents, whatever is granted to them: the list is Deno's, and this says so when it changes. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { grantsWithoutEffect, isKeptByDeno } from "../../../../runner/policy/kept_by_deno.ts";
import { readPolicy } from "../../../../runner/policy/read.ts";
import { LINUX, needing } from "../../../support/programs.ts";

const PATHS = [
  "/dev/full",
  "/dev/null",
  "/dev/random",
  "/dev/shm",
  "/dev/tty",
  "/dev/urandom",
  "/dev/video0",
  "/dev/zero",
  "/proc",
  "/proc/cpuinfo",
  "/proc/self/status",
  "/sys/kernel",
  "/etc/hostname",
  "/devices",
];
/** `NotCapable` where Deno says no; anything else is the system's answer. */
const TRY = `for (const path of ${JSON.stringify(PATHS)}) {
  try { await Deno.lstat(path); (await Deno.open(path)).close(); console.log(path, "open"); }
  catch (error) { console.log(path, error.name); }
}`;

Deno.test({
  ...needing(LINUX, "Deno refuses what is said to be kept, and nothing else"),
  fn: async () => {
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, TRY);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", "--allow-read", file],
      stdin: "null",
    }).output();
    await Deno.remove(file);
    const answers = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => line.split(" "));
    for (const [path = "", answer] of answers) {
      assertEquals(answer === "NotCapable", isKeptByDeno(path), path);
    }
    assertEquals(answers.length, PATHS.length);
  },
});

Deno.test("policy check names what is granted in vain", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-vain-" }));
  await Deno.symlink("/sys/class", join(dir, "sensors"));
  const file = join(dir, "policy.json");
  const policy = {
    permissions: { read: ["/run/camera", "/dev/urandom", join(dir, "sensors")] },
    agents: { "camera-*": { permissions: { read: ["/dev/video0", "*"], write: ["/dev/video0"] } } },
  };
  await Deno.writeTextFile(file, JSON.stringify(policy), { mode: 0o600 });
  const warnings = await grantsWithoutEffect(await readPolicy(file));
  assertEquals(warnings.map((line) => line.replace(/ is granted in vain: .*/, "")), [
    `Warning: read ${join(dir, "sensors")}`,
    "Warning: read /dev/video0",
    "Warning: write /dev/video0",
  ]);
  await Deno.remove(dir, { recursive: true });
});
