/** The systemd units, as systemd itself judges them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { renderUnit, type UnitScope } from "../../operator/release/unit.ts";
import { type Need, needing, programs, succeeds } from "../support/programs.ts";

const SYSTEMD = programs("systemd", "systemd-analyze");
const STRACE = programs("strace", "strace");
const TRACING: Need = {
  name: "the right to trace",
  isThere: !STRACE.isThere || await succeeds(["strace", "-f", "-qq", "-o", "/dev/null", "true"]),
  remedy: "run the tests where strace works, which a container may refuse",
};
const MAIN = fileURLToPath(new URL("../../runner/main.ts", import.meta.url));
const SHIPPED = fileURLToPath(new URL("../../scripts/agentflow-node.service", import.meta.url));

/** systemd's own scale: 0 is a service that can do nothing, 10 one that can do everything. */
const MOST_EXPOSURE = { shipped: 1.7, system: 2.3, devices: 2.6, user: 6.6 };

const SCOPES: Readonly<Record<string, UnitScope>> = {
  user: { kind: "user" },
  system: {
    kind: "system",
    user: "root",
    writable: "/root/agentflow/nodes/kitchen",
    devices: { allow: [], groups: [] },
  },
  devices: {
    kind: "system",
    user: "root",
    writable: "/root/agentflow/nodes/kitchen",
    devices: { allow: ["/dev/i2c-1", "char-gpiochip"], groups: ["dialout"] },
  },
};

/** Every unit, with an executable that is there: systemd looks for it. */
async function withUnits(test: (paths: Record<keyof typeof MOST_EXPOSURE, string>) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-unit-test-" });
  const write = async (name: string, text: string) => {
    const path = join(folder, `agentflow-${name}.service`);
    await Deno.writeTextFile(path, text);
    return path;
  };
  const rendered = (scope: UnitScope | undefined) =>
    renderUnit({
      description: "AgentFlow node 'kitchen'",
      command: [Deno.execPath(), "run", "with space"],
      environment: { DENO_DIR: "/tmp/deno" },
      scope: scope ?? { kind: "user" },
    });
  try {
    const shipped = (await Deno.readTextFile(SHIPPED)).replace("/opt/agentflow/deno ", `${Deno.execPath()} `);
    await test({
      shipped: await write("shipped", shipped),
      system: await write("system", rendered(SCOPES.system)),
      devices: await write("devices", rendered(SCOPES.devices)),
      user: await write("user", rendered(SCOPES.user)),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(program: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: decode(stdout) + decode(stderr) };
}

Deno.test({
  ...needing(SYSTEMD, "systemd finds nothing wrong with any unit"),
  fn: () =>
    withUnits(async (paths) => {
      for (const path of Object.values(paths)) {
        assertEquals(await run("systemd-analyze", "verify", "--man=no", path), { code: 0, text: "" }, path);
      }
    }),
});

Deno.test({
  ...needing(SYSTEMD, "units leave a service no more exposed than it must be"),
  fn: () =>
    withUnits(async (paths) => {
      for (const [name, path] of Object.entries(paths)) {
        const threshold = `--threshold=${MOST_EXPOSURE[name as keyof typeof MOST_EXPOSURE] * 10}`;
        const { code, text } = await run(
          "systemd-analyze",
          "security",
          "--offline=true",
          "--no-pager",
          threshold,
          path,
        );
        assertEquals(code, 0, text.split("\n").slice(-3).join("\n"));
      }
    }),
});

Deno.test("what the unit suggests for a password is not overridden by what it suggests for node.env", async () => {
  const text = await Deno.readTextFile(SHIPPED);
  const named = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);
  const inFile = named(/^# {3}(AGENTFLOW_\w+)=/gm);
  const inDropIn = named(/^# {3}Environment="(AGENTFLOW_\w+)=/gm);
  const used = named(/ \$(AGENTFLOW_\w+)/g);
  assert(inFile.includes("AGENTFLOW_FLAGS") && inDropIn.length === 1);
  assertEquals(inDropIn.filter((name) => inFile.includes(name) || !used.includes(name)), []);
});

/** Deno tries these where it starts a process with a session of its own, and goes on if they are refused. */
const OPTIONAL_CALLS = ["setgroups"];

/** The system calls that the unit allows, in the order of its lines. */
async function allowedCalls(unit: string): Promise<Set<string>> {
  const allowed = new Set<string>();
  for (const [, filter = ""] of unit.matchAll(/^SystemCallFilter=(.*)$/gm)) {
    const isDenied = filter.startsWith("~");
    for (const call of await expand(filter.replace("~", "").split(" "))) {
      if (isDenied) allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}

/** The calls of groups such as `@system-service`, which may name other groups. */
async function expand(names: readonly string[]): Promise<string[]> {
  const calls = await Promise.all(names.map(async (name) => {
    if (!name.startsWith("@")) return [name];
    const { text } = await run("systemd-analyze", "syscall-filter", name);
    const members = text.split("\n").slice(1).map((line) => line.trim());
    return await expand(members.filter((member) => member !== "" && !member.startsWith("#")));
  }));
  return calls.flat();
}

Deno.test({
  ...needing([SYSTEMD, STRACE, TRACING], "units allow every system call that a node and its agents make"),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-calls-test-" });
    try {
      const trace = join(folder, "trace");
      const folders = ["--state-dir", join(folder, "state"), "--work-dir", join(folder, "work")];
      const command = [Deno.execPath(), "run", "-A", MAIN, "--test", ...folders];
      const { code, text } = await run("strace", "-f", "-qq", "-o", trace, ...command);
      assertEquals(code, 0, text);
      const made = new Set(
        [...(await Deno.readTextFile(trace)).matchAll(/^\d+ +([a-z]\w*)\(/gm)].map(([, call = ""]) => call),
      );
      assert(made.has("execve") && made.size > 40, "strace has seen too little");
      const allowed = await allowedCalls(await Deno.readTextFile(SHIPPED));
      assertEquals([...made].filter((call) => !allowed.has(call) && !OPTIONAL_CALLS.includes(call)), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
