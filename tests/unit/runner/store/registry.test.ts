/** How the registry forgets agents that ended long ago. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { MAX_ENDED, Registry } from "../../../../runner/store/registry.ts";
import { withFolder } from "../../../support/temp_folder.ts";

const ended = (at: number) => ({ why: "stop" as const, at, desired_seen: null });
const name = (number: number) => `agent-${number}`;

/** As many ended agents as are remembered: the one with the highest number ended first. */
async function fullRegistry(stateDir: string): Promise<{ registry: Registry; folder: string }> {
  const folder = join(stateDir, "agentflow_n.registry", "ended");
  const registry = await Registry.open(stateDir, "n");
  for (let number = 0; number < MAX_ENDED; number++) {
    const text = JSON.stringify(ended(MAX_ENDED - number));
    Deno.writeTextFileSync(join(folder, `${name(number)}.json`), text);
  }
  await registry.load();
  return { registry, folder };
}

Deno.test("of too many ended agents the one that ended first is forgotten, after a restart, too", () =>
  withFolder(async (stateDir) => {
    const { registry, folder } = await fullRegistry(stateDir);
    await registry.remove("newest", ended(MAX_ENDED + 1));
    await registry[Symbol.asyncDispose]();
    const files = [...Deno.readDirSync(folder)].map((file) => file.name);
    assertEquals(files.length, MAX_ENDED);
    assertEquals(files.includes(`${name(MAX_ENDED - 1)}.json`), false);
    assertEquals(registry.endedRecord(name(MAX_ENDED - 1)), undefined);
  }));

Deno.test("a record that cannot be removed harms nobody", () =>
  withFolder(async (stateDir) => {
    const { registry, folder } = await fullRegistry(stateDir);
    const oldest = join(folder, `${name(MAX_ENDED - 1)}.json`);
    await Deno.remove(oldest);
    await Deno.mkdir(join(oldest, "x"), { recursive: true });
    await registry.remove("newest", ended(MAX_ENDED + 1));
    await registry[Symbol.asyncDispose]();
    assertEquals(registry.endedRecord("newest"), ended(MAX_ENDED + 1));
  }));
