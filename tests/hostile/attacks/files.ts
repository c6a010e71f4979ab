/** Files of others: read, written, listed, linked. */
import { type Attempts, probes } from "../probes.ts";
import type { Attack } from "../attack.ts";

const ATTEMPTS: Attempts = {
  "read /etc/passwd": `return Deno.readTextFileSync("/etc/passwd");`,
  "read it asynchronously": `return await Deno.readTextFile("/etc/passwd");`,
  "open it": `return await Deno.open("/etc/passwd");`,
  "read /proc/self/environ": `return Deno.readTextFileSync("/proc/self/environ");`,
  "read the runner's environment": `return Deno.readTextFileSync("/proc/" + given.runnerPid + "/environ");`,
  "read /proc/self/mem": `return Deno.openSync("/proc/self/mem");`,
  "read a file by descriptor": `return Deno.readTextFileSync("/proc/self/fd/0");`,
  "read /dev/stdin": `return Deno.openSync("/dev/stdin");`,
  "read beside the state file": `return Deno.readTextFileSync(given.dir + "/secret.txt");`,
  "read another agent's state": `return Deno.readTextFileSync(given.dir + "/agentflow_other_state.json");`,
  "go up from the state file":
    `return Deno.readTextFileSync(given.dir + "/agentflow_" + agent.name + "_state.json/../secret.txt");`,
  "go up from its sibling":
    `return Deno.readTextFileSync(given.dir + "/agentflow_" + agent.name + "_state.json.tmp/../secret.txt");`,
  "list the state folder": `return [...Deno.readDirSync(given.dir)];`,
  "list the root": `return [...Deno.readDirSync("/")];`,
  "stat a file": `return Deno.statSync("/etc/passwd").size;`,
  "lstat a file": `return Deno.lstatSync(given.dir + "/secret.txt").size;`,
  "resolve a path": `return Deno.realPathSync(".");`,
  "change the folder": `Deno.chdir("/"); return "changed";`,
  "read the harness": `return Deno.readTextFileSync(new URL(import.meta.url).pathname);`,
  "watch a file": `return Deno.watchFs("/etc");`,
  "write elsewhere": `Deno.writeTextFileSync(given.dir + "/planted", "x"); return "written";`,
  "write another agent's state":
    `Deno.writeTextFileSync(given.dir + "/agentflow_other_state.json", "x"); return "written";`,
  "write over the harness": `Deno.writeTextFileSync(given.workDir + "/planted", "x"); return "written";`,
  "truncate": `Deno.truncateSync(given.dir + "/secret.txt"); return "truncated";`,
  "make a folder": `Deno.mkdirSync(given.dir + "/folder"); return "made";`,
  "make a temporary file": `return Deno.makeTempFileSync();`,
  "make a temporary file beside the state": `return Deno.makeTempFileSync({ dir: given.dir });`,
  "copy a file to the state file":
    `Deno.copyFileSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json"); return "copied";`,
  "move a file to the state file":
    `Deno.renameSync(given.dir + "/secret.txt", given.dir + "/agentflow_" + agent.name + "_state.json"); return "moved";`,
  "move the state file away": `agent.persist("k", 1);
    Deno.renameSync(given.dir + "/agentflow_" + agent.name + "_state.json", given.dir + "/moved"); return "moved";`,
  "make a symbolic link at the sibling":
    `Deno.symlinkSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "make a hard link at the sibling":
    `Deno.linkSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "make a hard link of another agent's state": `Deno.linkSync(given.dir + "/agentflow_other_state.json",
      given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "change rights": `Deno.chmodSync(given.dir + "/secret.txt", 0o777); return "changed";`,
  "remove a file": `Deno.removeSync(given.dir + "/secret.txt"); return "removed";`,
  "fetch a file": `return await (await fetch("file:///etc/passwd")).text();`,
  "node:fs": `const fs = await import("node:fs"); return fs.readFileSync("/etc/passwd", "utf8");`,
  "node:fs/promises":
    `const fs = await import("node:fs/promises"); return await fs.readFile("/etc/passwd", "utf8");`,
  "node:fs write":
    `const fs = await import("node:fs"); fs.writeFileSync(given.dir + "/planted", "x"); return "written";`,
  "node:fs symlink": `const fs = await import("node:fs");
    fs.symlinkSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "node:fs exists": `const fs = await import("node:fs"); return fs.existsSync("/etc/passwd") || undefined;`,
  "node:sqlite":
    `const { DatabaseSync } = await import("node:sqlite"); return new DatabaseSync(given.dir + "/planted");`,
};

export const files: readonly Attack[] = probes("files", ATTEMPTS, [
  "read /etc/passwd",
  "read it asynchronously",
  "open it",
  "read /proc/self/environ",
  "read the runner's environment",
  "read beside the state file",
  "read another agent's state",
  "list the state folder",
  "list the root",
  "stat a file",
  "lstat a file",
  "resolve a path",
  "fetch a file",
  "node:fs",
  "node:fs/promises",
  "node:fs exists",
]);
