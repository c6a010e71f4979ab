/** Links planted where an agent's state file goes, by another user of the machine. */
import { join } from "@std/path";
import { inSetup, type Scene } from "../attack.ts";
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
    await Deno.symlink(target, file);
    await Deno.symlink(target, `${file}.tmp`);
    const { json } = await bus.ask(`agents/by-name/${id}/task`, { payload: 1 });
    await assertUntouched(target);
    if (json.value !== 1 || !(await Deno.lstat(file)).isFile) throw new Error("its state was lost");
    await stop(field, id);
    return "the link is replaced, what it points to is untouched";
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
  planted(
    "plant a folder at the state file",
    "state-folder",
    async (_target, file) => await Deno.mkdir(file),
    /is not a regular file|is no file|is a folder|not a file|directory/,
  ),
  whileItRuns,
  fifo,
];
