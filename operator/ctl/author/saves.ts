/** Tells when a file has been saved, however the editor does that. */
import { readTextFile } from "../../../protocol/config/text_file.ts";
import { basename, dirname, resolve } from "@std/path";

/** An editor may write a file in several steps. */
const SETTLE_MS = 100;

/** Its text after each save that has changed it, until `signal` is aborted. @param text as it is now */
export async function* saves(path: string, text: string, signal: AbortSignal): AsyncGenerator<string> {
  // The folder, not the file: many editors put a new file in the place of the old one.
  using watcher = Deno.watchFs(dirname(resolve(path)), { recursive: false });
  const stop = () => watcher.close();
  signal.addEventListener("abort", stop);
  if (signal.aborted) return;
  let known = text;
  try {
    for await (const { paths } of watcher) {
      if (!paths.some((changed) => basename(changed) === basename(path))) continue;
      await new Promise((done) => setTimeout(done, SETTLE_MS));
      // In the middle of a save it may be away for a moment.
      const now = await readTextFile(path).catch(() => known);
      if (now === known || now === "") continue;
      known = now;
      yield now;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
