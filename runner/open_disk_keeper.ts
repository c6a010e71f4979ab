/** Opens the outbox on disk, even if an earlier process left it damaged. */
import type { Clock } from "./clock.ts";
import { DiskKeeper, type Keeper, memoryKeeper } from "./link/keeper.ts";
import { OutboxStore } from "./link/outbox_store.ts";
import type { Logger } from "./logger.ts";
import { setAside } from "./files/durable_file.ts";
import type { Registry } from "./store/registry.ts";

/** A damaged file is set aside. If none can be written, messages are kept in memory only, and the operator is told. */
export async function openDiskKeeper(registry: Registry, clock: Clock, log: Logger): Promise<Keeper> {
  const path = registry.outboxPath;
  try {
    return new DiskKeeper(new OutboxStore(path), clock, log);
  } catch (error) {
    log.error(`Cannot open the outbox on disk ${path}: ${(error as Error).message}`);
  }
  try {
    log.error(`Its content has been set aside as ${await setAside(path)}`);
    return new DiskKeeper(new OutboxStore(path), clock, log);
  } catch (error) {
    log.error(
      `Messages are kept in memory only, and are lost if this runner ends: ${(error as Error).message}`,
    );
    return memoryKeeper;
  }
}
