/** What is kept of fleets on disk, when the node ends. */
import { assertEquals } from "@std/assert";
import { type GenerationRecord, Generations } from "../../../../runner/store/generations.ts";
import { withFolder } from "../../../support/temp_folder.ts";

const record: GenerationRecord = {
  fleet: "home",
  generation: 1,
  tag: "1-00000001",
  basedOn: [],
  by: "ana",
  at: 5,
  message: "m",
  isDone: false,
  agents: ["a"],
  outcomes: { a: { state: "starting" } },
};

async function keptIn(folder: string): Promise<GenerationRecord | undefined> {
  const read = new Generations(folder);
  assertEquals(await read.load(), []);
  return read.find("home");
}

Deno.test("what is being written when it is closed is on disk; what comes later is not written", () =>
  withFolder(async (folder) => {
    const generations = new Generations(folder);
    const saved = generations.save(record);
    await generations[Symbol.asyncDispose]();
    assertEquals(await keptIn(folder), record);
    await saved;
    await generations.save({ ...record, isDone: true });
    assertEquals(generations.find("home")?.isDone, true);
    assertEquals(await keptIn(folder), record);
  }));
