/** Links planted where an agent's state file goes, by another user of the machine. */
import { join } from "@std/path";
import { inSetup, type Scene, slug } from "../attack.ts";
import type { Attack } from "../attack.ts";
import { launch, PATIENT, reported, stop } from "../scenes.ts";
import type { Field } from "../field.ts";

type Plant = (target: string, file: string) => Promise<void>;

/** Nothing may be written through the link, and the agent must not start on it. */
function planted(tries: string, id: string, plant: Plant, says: RegExp): Scene {
  return {
    kind: "scene",
    id,
    category: "state",
    tries,
    play: async (field, id) => {
      const { node, bus } = field;
      const from = bus.mark();
      const file = join(node.stateDir, `agentflow_${id}_state.json`);
      const target = await targetOf(field, id);
      await plant(target, file);
      await launch(field, id, inSetup(`agent.persist("k", "v"); await agent.publish("stolen/${id}", 1);`));
      const { json } = await reported(field, id, "errors", says, from);
      await assertUntouched(target);
      return json.error;
    },
  };
}

async function targetOf({ dir }: Field, id: string): Promise<string> {
  const target = join(dir, "open", `target-${id}`);
  await Deno.writeTextFile(target, `{"kept":"as it was"}`);
  return target;
}

async function assertUntouched(target: string): Promise<void> {
  if (await Deno.readTextFile(target) !== `{"kept":"as it was"}`) {
    throw new Error("the file behind it was changed");
  }
}

function unlessTaken(error: unknown): void {
  if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
}

const whileItRuns: Scene = {
  kind: "scene",
  id: "state-link-while-it-runs",
  category: "state",
  tries: "plant a symbolic link while the agent runs",
  play: async (field, id) => {
    const { bus, node } = field;
    const code =
      `function handle_task(agent, value) { agent.persist("k", value); return { value: agent.recall("k") }; }`;
    await node.spawn(bus, { name: id, code });
    const file = join(node.stateDir, `agentflow_${id}_state.json`);
    const target = await targetOf(field, id);
    // Where the kernel holds agents, their places are taken from the start.
    for (const place of [file, `${file}.tmp`]) await Deno.symlink(target, place).catch(unlessTaken);
    const { json } = await bus.ask(`agents/by-name/${id}/task`, { payload: 1 });
    await assertUntouched(target);
    if (json.value !== 1 || !(await Deno.lstat(file)).isFile) throw new Error("its state was lost");
    await stop(field, id);
    return "its place is taken, or the link is replaced; what it points to is untouched";
  },
};

const fifo: Scene = {
  kind: "scene",
  id: "state-fifo",
  category: "state",
  tries: "plant a pipe that never delivers",
  play: async (field, id) => {
    const { bus, node } = field;
    const from = bus.mark();
    await new Deno.Command("mkfifo", { args: [join(node.stateDir, `agentflow_${id}_state.json`)] }).output();
    await launch(field, id, inSetup(`agent.persist("k", 1);`));
    const { json } = await bus.find(
      "its end",
      ({ topic, json }) => topic.endsWith("/errors") && json?.agent === id && json.severity === "fatal",
      from,
      PATIENT,
    );
    await Deno.remove(join(node.stateDir, `agentflow_${id}_state.json`));
    return json.error;
  },
};

/** More than one file by way of the permission for one. `own` is the path of the state file. */
const TREES: Readonly<Record<string, string>> = {
  "fill the disk from a folder in place of the state file":
    `Deno.mkdirSync(own); const part = new Uint8Array(8 << 20);
     for (let n = 0;; n++) { Deno.writeFileSync(own + "/" + n, part); await 0; }`,
  "fill the disk from a folder in place of its next version":
    `Deno.mkdirSync(own + ".tmp/a/b/c", { recursive: true }); const part = new Uint8Array(8 << 20);
     for (let n = 0;; n++) { Deno.writeFileSync(own + ".tmp/a/b/c/" + n, part); await 0; }`,
  "make folders without end":
    `for (let n = 0;; n++) { Deno.mkdirSync(own + "/" + n, { recursive: true }); if (n % 100 === 0) await 0; }`,
  "keep a database where the state file belongs":
    `const { DatabaseSync } = await import("node:sqlite"); const database = new DatabaseSync(own);
     database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t(x)");
     for (;;) { database.exec("INSERT INTO t VALUES(zeroblob(1000000))"); await 0; }`,
};

/** By the kernel, where it holds agents; else by the node. */
const HELD = /Permission denied|unable to open database|disk I\/O error|state files limit: |memory limit: /;

/** Held before the disk is full, and nothing is left: not even after an end that was none of its own. */
function tree(tries: string, body: string): Scene {
  return {
    kind: "scene",
    id: `state-${slug(tries)}`,
    category: "state",
    tries,
    play: async (field, id) => {
      const { node, bus } = field;
      const from = bus.mark();
      const own = `const own = "%state%/agentflow_${id}_state.json";`;
      await launch(field, id, inSetup(`${own} ${body}`), { max_restarts: 1, restart_delay: 0 });
      const { json } = await reported(field, id, "errors", HELD, from);
      await reported(field, id, "errors", /"severity":"fatal"/, from);
      const left = await Array.fromAsync(Deno.readDir(node.stateDir), ({ name }) => name);
      const litter = left.filter((name) =>
        name.startsWith(`agentflow_${id}_state.json`) && !/json(\.damaged)?$/.test(name)
      );
      if (litter.length > 0) throw new Error(`it has left ${litter.join(", ")}`);
      return json.error;
    },
  };
}

export const stateFiles: readonly Attack[] = [
  planted(
    "plant a symbolic link at the state file",
    "state-symlink",
    (target, file) => Deno.symlink(target, file),
    /symbolic link/,
  ),
  planted(
    "plant a symbolic link at its sibling",
    "state-symlink-sibling",
    (target, file) => Deno.symlink(target, `${file}.tmp`),
    /symbolic link/,
  ),
  planted(
    "plant a hard link at the state file",
    "state-hardlink",
    (target, file) => Deno.link(target, file),
    /more than one name/,
  ),
  whileItRuns,
  fifo,
  ...Object.entries(TREES).map(([tries, body]) => tree(tries, body)),
];
