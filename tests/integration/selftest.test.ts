/** `--test` as its own process: it passes where agents can run, and names the cause where they cannot. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "@std/path";
import { describeWalls } from "../../runner/process/walls/standing.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";
import { SMALL_DISKS } from "../support/small_disk.ts";
import { needing, succeeds } from "../support/programs.ts";

const MAIN = fileURLToPath(new URL("../../runner/main.ts", import.meta.url));
/** A mount namespace of its own gives a test a full disk; not every container allows one. */

interface Report {
  readonly code: number;
  /** Of the checks, and the closing one. */
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  readonly stderr: string;
}

/** A machine in some condition: folders, and executables that are broken. */
class Device implements AsyncDisposable {
  readonly workDir: string;
  readonly stateDir: string;

  private constructor(readonly dir: string) {
    this.workDir = join(dir, "work");
    this.stateDir = join(dir, "state");
  }

  static async open(): Promise<Device> {
    return new Device(await Deno.makeTempDir({ prefix: "agentflow-selftest-test-" }));
  }

  /** Writes a program; resolves with its path. */
  async script(name: string, body: string): Promise<string> {
    const path = join(this.dir, name);
    await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  }

  /** The command line of the self-test on this device; `args` overrules. */
  command(...args: string[]): string[] {
    const folders = ["--work-dir", this.workDir, "--state-dir", this.stateDir];
    return [Deno.execPath(), "run", "-A", MAIN, "--test", ...folders, ...args];
  }

  async run(...args: string[]): Promise<Report> {
    return await report(this.command(...args));
  }

  /** What the self-test has left in its folders. */
  async left(): Promise<string[]> {
    const entries = await Promise.all(
      [this.workDir, this.stateDir].map((dir) => Array.fromAsync(Deno.readDir(dir), ({ name }) => name)),
    );
    return entries.flat();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.dir, { recursive: true });
  }
}

async function report([program = "", ...args]: string[], env: Record<string, string> = {}): Promise<Report> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  const text = new TextDecoder();
  const said = text.decode(stdout).trimEnd().split("\n");
  const isNote = (line: string) => line.startsWith("NOTE ");
  return {
    code,
    lines: said.filter((line) => !isNote(line)),
    notes: said.filter(isNote),
    stderr: text.decode(stderr),
  };
}

/** Exit code 1, one FAIL line that matches, and a closing line that says the same. */
function assertFails({ code, lines }: Report, reason: RegExp): void {
  const failures = lines.filter((line) => line.startsWith("FAIL "));
  assertEquals([code, failures.length], [1, 1], lines.join("\n"));
  assertMatch(failures[0] ?? "", reason);
  assertEquals(lines.at(-1), `${lines.length - 2} passed, 1 failed`);
}

Deno.test("self-test passes on this machine, says one line for each check, and leaves nothing behind", async () => {
  await using device = await Device.open();
  const { code, lines, stderr } = await device.run();
  assertEquals([code, stderr], [0, ""], lines.join("\n"));
  const checks = lines.slice(0, -1);
  assert(checks.every((line) => line.startsWith("PASS ")), lines.join("\n"));
  assertEquals(lines.at(-1), `${checks.length} passed, 0 failed`);
  const laws = ["stable agent", "crash and restart", "budget exhaustion", "deliberate stop", "health credit"];
  for (const law of [...laws, "compile error", "setup failure"]) {
    assert(checks.some((line) => line.startsWith(`PASS ${law}`)), `nothing about ${law}`);
  }
  assertEquals(checks.filter((line) => line.startsWith("PASS sandbox: ")).length, 7);
  assertEquals(await device.left(), []);
});

Deno.test("self-test needs neither broker nor network", async () => {
  await using device = await Device.open();
  const isolated = ["unshare", "-rn", ...device.command("--broker", "203.0.113.1")];
  // A network namespace of its own has not even loopback up; where there is none, a dead broker has to do.
  const canUnshare = await succeeds(["unshare", "-rn", "true"]);
  const { code, lines } = await report(canUnshare ? ["sh", "-c", loopbackUp(isolated)] : device.command());
  assertEquals([code, lines.at(-1)], [0, `${lines.length - 1} passed, 0 failed`], lines.join("\n"));
});

/** `command` in its network namespace, with nothing but loopback. */
function loopbackUp([unshare = "", flags = "", ...command]: string[]): string {
  const quoted = command.map((word) => `'${word}'`).join(" ");
  return `${unshare} ${flags} sh -c "ip link set lo up 2>/dev/null; exec ${quoted}"`;
}

Deno.test("self-test says when nothing here ends agents with their runner, and passes", async () => {
  await using device = await Device.open();
  const { code, lines, notes } = await report(device.command("--deno", Deno.execPath()), {
    PATH: device.dir,
  });
  assertEquals([code, notes.length], [0, 1], lines.join("\n"));
  assertMatch(
    notes[0] ?? "",
    /^NOTE without perl or setpriv \(util-linux\), an agent in a busy loop outlives/,
  );
});

Deno.test("self-test finds the deno that --deno names on PATH", async () => {
  await using device = await Device.open();
  await Deno.symlink(Deno.execPath(), join(device.dir, "some-deno"));
  const env = { PATH: `/usr/bin:/bin:${device.dir}` };
  const { code, lines } = await report(device.command("--deno", "some-deno"), env);
  assertEquals(code, 0, lines.join("\n"));
});

Deno.test("self-test names a deno that is missing, and what to do", async () => {
  await using device = await Device.open();
  const missing = await device.run("--deno", "/nonexistent/deno");
  assertFails(missing, /^FAIL deno: .*\/nonexistent\/deno.*No such file.*install Deno .*--deno/);
});

Deno.test("self-test names a deno that fails, prints garbage, or is too old", async () => {
  await using device = await Device.open();
  assertFails(
    await device.run("--deno", "/bin/false"),
    /^FAIL deno: .*\/bin\/false --version exits with code 1/,
  );
  const garbage = await device.script("garbage", String.raw`printf 'hello\033[31m\nworld'`);
  assertFails(
    await device.run("--deno", garbage),
    /garbage is not Deno: its --version prints "hello \[31m world"/,
  );
  const old = await device.script("old", "echo deno 1.46.3");
  assertFails(await device.run("--deno", old), /old is Deno 1\.46\.3, too old for agents/);
  const plain = join(device.dir, "plain");
  await Deno.writeTextFile(plain, "not a program");
  assertFails(await device.run("--deno", plain), /plain cannot be started: .*Permission denied/);
});

Deno.test("self-test names why a deno that starts cannot run agents, once", async () => {
  await using device = await Device.open();
  const version = `[ "$1" = --version ] && { echo deno ${Deno.version.deno}; exit 0; }`;
  const broken = await device.script("broken", `${version}\necho 'Illegal instruction' >&2\nexit 132`);
  assertFails(
    await device.run("--deno", broken),
    /^FAIL stable agent: .*process exited with code 132: Illegal instruction$/,
  );
  assertEquals(await device.left(), []);
});

Deno.test("self-test names a folder that cannot be written, and the flag for another", async () => {
  await using device = await Device.open();
  const file = join(device.dir, "file");
  await Deno.writeTextFile(file, "");
  const inFile = join(file, "folder");
  const work = await device.run("--work-dir", inFile);
  assertFails(work, /^FAIL work folder: .*\/file\/folder.*Not a directory.*--work-dir$/);
  const state = await device.run("--state-dir", inFile);
  assertFails(state, /^FAIL state folder: .*\/file\/folder.*Not a directory.*--state-dir$/);
});

Deno.test("self-test names each of several causes", async () => {
  await using device = await Device.open();
  const { code, lines } = await device.run(
    ...["--work-dir", "/proc/work", "--state-dir", "/proc/state", "--deno", "/nonexistent/deno"],
  );
  assertEquals([code, lines.map((line) => line.split(":")[0])], [
    1,
    ["FAIL work folder", "FAIL state folder", "FAIL deno", "0 passed, 3 failed"],
  ]);
});

Deno.test({
  ...needing(SMALL_DISKS, "self-test names a disk without space, and one that is read-only"),
  fn: async () => {
    await using device = await Device.open();
    await Deno.mkdir(device.stateDir);
    const onTmpfs = (options: string) => {
      const quoted = device.command().map((word) => `'${word}'`).join(" ");
      return report([
        "unshare",
        "-rm",
        "sh",
        "-c",
        `mount -t tmpfs -o ${options} none '${device.stateDir}' && ${quoted}`,
      ]);
    };
    assertFails(
      await onTmpfs("size=64k"),
      /^FAIL state folder: .*No space left.*free some space.*--state-dir$/,
    );
    assertFails(await onTmpfs("ro"), /^FAIL state folder: .*Read-only file system.*--state-dir$/);
  },
});

Deno.test("self-test that is interrupted ends its agents, cleans up and fails", async () => {
  await using device = await Device.open();
  const version = `[ "$1" = --version ] && { echo deno ${Deno.version.deno}; exit 0; }`;
  const started = join(device.dir, "started");
  const hanging = await device.script(
    "hanging",
    `${version}\nmkfifo '${started}' 2>/dev/null; echo > '${started}'\nexec sleep 60`,
  );
  const [program = "", ...args] = device.command("--deno", hanging);
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "inherit" })
    .spawn();
  await succeeds(["sh", "-c", `until [ -p '${started}' ]; do sleep 0.02; done; cat '${started}'`]);
  child.kill("SIGINT");
  const { code, stdout } = await child.output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stdout), /^FAIL stable agent: .*interrupted waiting for/m);
  assertEquals(await device.left(), []);
});

Deno.test("self-test says which walls of the kernel stand here, and that they hold", async () => {
  await using device = await Device.open();
  const { lines } = await device.run();
  const said = lines.find((line) => line.startsWith("PASS walls of the kernel: ")) ?? "";
  const { standing, missing } = describeWalls(await wallsOf(device.workDir));
  assertEquals(said, `PASS walls of the kernel: ${[...standing, ...missing].join("; ")}`);
  const without = await device.run("--walls", "off");
  assert(without.lines.includes("PASS walls of the kernel: none (--walls off)"));
});

async function wallsOf(workDir: string) {
  return (await findWrappers({ deno: Deno.execPath(), workDir, walls: true })).walls;
}
