/** The generation of each fleet that is in force here, stored on disk with what became of its agents. */
import { join } from "@std/path";
import * as v from "valibot";
import { isName } from "../../protocol/names.ts";
import { readIfThere, replaceDurably, setAside } from "../files/durable_file.ts";
import { Turns } from "../turns.ts";

const OutcomeSchema = v.object({
  state: v.picklist(["starting", "running", "kept", "stopped", "failed"]),
  error: v.optional(v.string()),
});

/** What became of one agent. */
export type AgentOutcomeReport = v.InferOutput<typeof OutcomeSchema>;

const RecordSchema = v.object({
  fleet: v.string(),
  generation: v.number(),
  tag: v.string(),
  basedOn: v.array(v.string()),
  by: v.string(),
  at: v.number(),
  message: v.string(),
  rollout: v.exactOptional(v.string()),
  /** Whether all of its agents have been dealt with; until then it is taken up again. */
  isDone: v.boolean(),
  /** The agents that this fleet has here: those of the generation, and until it is done those of the one before. */
  agents: v.array(v.string()),
  outcomes: v.record(v.string(), OutcomeSchema),
});

export type GenerationRecord = v.InferOutput<typeof RecordSchema>;

/** Anybody may invent fleets, where commands are not signed. */
export const MAX_FLEETS = 32;

/**
 * One file for each fleet. Invariants: once the promise of a `save` resolves, the record is on disk; once this is
 * closed, nothing is written, as another runner may use the folder.
 */
export class Generations implements AsyncDisposable {
  readonly #records = new Map<string, GenerationRecord>();
  readonly #turns = new Turns();
  #isClosed = false;

  /** @param folder `undefined`: nothing is kept, as the state folder cannot be written */
  constructor(private readonly folder: string | undefined) {}

  /** Reads what is there. @returns one message for each file that was set aside */
  async load(): Promise<readonly string[]> {
    if (this.folder === undefined) return [];
    await Deno.mkdir(this.folder, { recursive: true, mode: 0o700 });
    const damages: string[] = [];
    for await (const { name: file } of Deno.readDir(this.folder)) {
      const fleet = file.endsWith(".json") ? file.slice(0, -".json".length) : undefined;
      if (!isName(fleet)) continue;
      try {
        this.#records.set(
          fleet,
          v.parse(RecordSchema, JSON.parse(await readIfThere(this.#path(fleet)) ?? "")),
        );
      } catch (error) {
        const aside = await setAside(this.#path(fleet));
        damages.push(
          `What was kept of fleet '${fleet}' is damaged (${(error as Error).message}): set aside as ${aside}`,
        );
      }
    }
    return damages;
  }

  get all(): readonly GenerationRecord[] {
    return [...this.#records.values()];
  }

  find(fleet: string): GenerationRecord | undefined {
    return this.#records.get(fleet);
  }

  /** Changes the record in memory; the next `save` writes it. */
  note(record: GenerationRecord): void {
    this.#records.set(record.fleet, record);
  }

  /** @throws Deno's error when it cannot be written; the record still counts in this process */
  async save(record: GenerationRecord): Promise<void> {
    this.#records.set(record.fleet, record);
    if (this.folder === undefined || this.#isClosed) return;
    // Write the newest record, whichever call comes last.
    await this.#turns.take(record.fleet, async () => {
      const newest = this.#records.get(record.fleet);
      if (newest !== undefined) await replaceDurably(this.#path(record.fleet), JSON.stringify(newest));
    });
  }

  /** Waits for pending writes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#turns.settled();
  }

  #path(fleet: string): string {
    return join(this.folder ?? "", `${fleet}.json`);
  }
}
