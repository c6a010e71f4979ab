/** Opens the store of the embedded broker, even if its file is damaged. */
import { join } from "@std/path";
import { systemClock } from "../clock.ts";
import { lstatIfThere, setAside } from "../files/durable_file.ts";
import type { StoreLimits } from "./bounded_store.ts";
import { type ChangingStore, DurableStore } from "./durable_store.ts";
import { MessageFile, type Stored } from "./message_file.ts";

/** How many times its content the file may take: rows, indexes and free pages need space. */
const FILE_OVERHEAD = 3;
/** The file, and its write-ahead log. */
const SUFFIXES = ["", "-wal", "-shm"];

/**
 * A damaged file is set aside. If nothing can be written, everything is kept in memory only, and the operator is told.
 * @throws Error when another process uses it
 */
export async function openDurableStore(
  store: ChangingStore,
  dir: string,
  limits: StoreLimits,
  say: (message: string) => void,
): Promise<DurableStore | undefined> {
  const path = join(dir, "broker.db");
  const maxBytes = (limits.retained.bytes + limits.waitingBytes + limits.unfinishedBytes) * FILE_OVERHEAD;
  const open = async () => {
    await makePrivate(dir, path);
    const { file, stored } = openFile(path, maxBytes);
    return DurableStore.around(store, { file, stored, clock: systemClock, say });
  };
  try {
    return await open();
  } catch (error) {
    if (isLocked(error)) {
      throw new Error(
        `Cannot start the embedded broker: another process uses what it stores in ${dir}. Choose another folder with ` +
          "--state-dir, or another --name",
      );
    }
    say(`Cannot open what the embedded broker stored in ${path}: ${(error as Error).message}`);
  }
  try {
    if (await lstatIfThere(path) !== undefined) say(`It has been set aside as ${await setAsideAll(path)}`);
    return await open();
  } catch (error) {
    say(
      `The embedded broker keeps everything in memory, where it would not survive a restart: ${
        (error as Error).message
      }`,
    );
    return undefined;
  }
}

/** @throws Error when the file is damaged */
function openFile(path: string, maxBytes: number): { readonly file: MessageFile; readonly stored: Stored } {
  const file = new MessageFile(path, maxBytes);
  try {
    return { file, stored: file.load() };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** SQLite gives its other files the mode of the first. */
async function makePrivate(dir: string, path: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  (await Deno.open(path, { write: true, create: true, mode: 0o600 })).close();
}

async function setAsideAll(path: string): Promise<string> {
  const aside = await setAside(path);
  for (const suffix of SUFFIXES.slice(1)) {
    if (await lstatIfThere(path + suffix) !== undefined) await Deno.rename(path + suffix, aside + suffix);
  }
  return aside;
}

function isLocked(error: unknown): boolean {
  return /database is locked/.test((error as Error).message);
}
