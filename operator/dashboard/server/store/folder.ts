/** The folder of the database: made where it is missing, closed to other users, and used by one dashboard at a time. */
import { join } from "@std/path";

/** @returns the lock, held until it is disposed of @throws Error when another dashboard uses the folder */
export async function lockFolder(folder: string): Promise<Disposable> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await Deno.open(join(folder, "lock"), { write: true, create: true, mode: 0o600 });
  try {
    if (await lock.tryLock(true)) return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
  lock.close();
  throw new Error("another dashboard uses this folder: choose another one with --state-dir, or end that one");
}
