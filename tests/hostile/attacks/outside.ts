/** Environment, processes, native code, the system and the internals of Deno. */
import { type Attempts, NOTHING, probes } from "../probes.ts";
import type { Attack } from "../attack.ts";

const ATTEMPTS: Attempts = {
  "env of Deno": [
    `return Deno.env.get("RUNNER_SECRET") ?? Deno.env.get("PATH") ?? Deno.env.get("HOME");`,
    NOTHING,
  ],
  "all env of Deno": [`return Object.keys(Deno.env.toObject()).length || undefined;`, NOTHING],
  "env of node": [
    `const process = await import("node:process"); return process.env.RUNNER_SECRET ?? process.env.PATH;`,
    NOTHING,
  ],
  "all env of node": [
    `const { env } = await import("node:process"); return Object.keys(env).length || undefined;`,
    NOTHING,
  ],
  "set env": [`Deno.env.set("LD_PRELOAD", "/x.so"); return Deno.env.get("LD_PRELOAD");`, NOTHING],
  "a command": `return new Deno.Command("/usr/bin/id").outputSync();`,
  "a shell": `return await new Deno.Command("/bin/sh", { args: ["-c", "id"] }).output();`,
  "deno itself": `return new Deno.Command("/proc/self/exe", { args: ["eval", "1"] }).outputSync().code;`,
  "node:child_process": `const { spawn } = await import("node:child_process");
    return await new Promise((resolve, reject) => {
      const child = spawn("/usr/bin/id"); child.on("error", reject); child.stdout.on("data", resolve);
    });`,
  // Where it is denied, Deno's own answer is an empty one.
  "node:child_process, at once": [
    `const { spawnSync } = await import("node:child_process");
    const answer = spawnSync("/usr/bin/id", { encoding: "utf8" });
    if (!answer.stdout) throw new Error(JSON.stringify(answer)); return answer.stdout;`,
    /^refused: Error: \{\}$/,
  ],
  "node:child_process fork": `const { fork } = await import("node:child_process");
    return await new Promise((resolve, reject) => { const c = fork("/x.js"); c.on("spawn", () => resolve("spawned")); c.on("error", reject); });`,
  "native code":
    `return Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }).symbols.getpid();`,
  "process.dlopen":
    `const process = (await import("node:process")).default; process.dlopen({}, "/x.node"); return "loaded";`,
  "process.binding fs": [
    `const process = (await import("node:process")).default; return process.binding("fs").open("/etc/passwd", 0, 0);`,
    /is not a function/,
  ],
  "process.binding spawn_sync": [
    `const process = (await import("node:process")).default; return process.binding("spawn_sync").spawn({ file: "id", args: ["id"] });`,
    /is not a function/,
  ],
  "the host's name": `return Deno.hostname();`,
  "the host's addresses": `return Deno.networkInterfaces();`,
  "the load": `return Deno.loadavg();`,
  "the memory": `return Deno.systemMemoryInfo();`,
  "the release": `return Deno.osRelease();`,
  "the user": `return Deno.uid();`,
  "node:os": `const os = await import("node:os"); return os.hostname();`,
  "node:os, the user": `const os = await import("node:os"); return os.userInfo().username;`,
  "the internals": [
    `const core = Deno[Deno.internal]?.core ?? Deno.core;
    return core?.ops?.op_fs_read_file_text_sync?.("/etc/passwd") ?? core?.ops?.op_read_file_text_sync?.("/etc/passwd");`,
    NOTHING,
  ],
  "opcodes by name": [
    `const ops = Deno[Deno.internal]?.core?.ops ?? {};
    for (const name of Object.keys(ops)) {
      if (!/read_file|fs_open|spawn|env/.test(name)) continue;
      try { const got = ops[name]("/etc/passwd", true); if (typeof got === "string" && got.includes("root:")) return got; } catch {}
    }`,
    NOTHING,
  ],
  "ask for a permission": [
    `const { state } = await Deno.permissions.request({ name: "read" });
    return state === "granted" ? state : undefined;`,
    NOTHING,
  ],
  "ask for a file": [
    `const { state } = await Deno.permissions.request({ name: "read", path: "/etc/passwd" });
    return state === "granted" ? state : undefined;`,
    NOTHING,
  ],
  "ask for net": [
    `const { state } = await Deno.permissions.request({ name: "net" });
    return state === "granted" ? state : undefined;`,
    NOTHING,
  ],
  "prompt": [`return prompt("?");`, NOTHING],
  "kill the runner": `Deno.kill(given.runnerPid, "SIGKILL"); return "killed";`,
  "stop the runner": `Deno.kill(given.runnerPid, "SIGSTOP"); return "stopped";`,
  "kill every process": `Deno.kill(-1, "SIGKILL"); return "killed";`,
  "node's kill":
    `const process = (await import("node:process")).default; process.kill(given.runnerPid, "SIGKILL"); return "killed";`,
  "node's kill of the parent":
    `const process = (await import("node:process")).default; process.kill(process.ppid, "SIGTERM"); return "killed";`,
  "node's inner kill":
    `const process = (await import("node:process")).default; return process._kill?.(given.runnerPid, 9) || undefined;`,
  "the inspector of another process":
    `const process = (await import("node:process")).default; process._debugProcess(given.runnerPid); return "debugged";`,
  "become another user":
    `const process = (await import("node:process")).default; process.setuid(1); return "became";`,
  "priority": `const os = await import("node:os"); os.setPriority(given.runnerPid, 19); return "changed";`,
};

export const outside: readonly Attack[] = probes("outside", ATTEMPTS, [
  "env of Deno",
  "all env of Deno",
  "env of node",
  "all env of node",
  "set env",
  "a command",
  "a shell",
  "deno itself",
  "node:child_process",
  "node:child_process, at once",
  "native code",
  "the host's name",
  "the host's addresses",
  "the load",
  "the memory",
  "the release",
  "the user",
  "node:os",
  "ask for a permission",
  "ask for a file",
  "ask for net",
]);
