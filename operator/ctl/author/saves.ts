/** Detects that a file was saved, however the editor saves it. */
import { readTextFile } from "../../../protocol/config/text_file.ts";
import { basename, dirname, resolve } from "@std/path";

/** An editor may write a file in several steps. */
const SETTLE_MS = 100;

/** Yields the file's text after each save that changed it, until `signal` is aborted. @param text its current text */
export async function* saves(path: string, text: string, signal: AbortSignal): AsyncGenerator<string> {
  // Watch the folder, not the file: many editors replace the file.
  using watcher = Deno.watchFs(dirname(resolve(path)), { recursive: false });
  const stop = () => watcher.close();
  signal.addEventListener("abort", stop);
  if (signal.aborted) return;
  let known = text;
  try {
    for await (const { paths } of watcher) {
      if (!paths.some((changed) => basename(changed) === basename(path))) continue;
      await new Promise((done) => setTimeout(done, SETTLE_MS));
      // The file may be missing for a moment during a save.
      const now = await readTextFile(path).catch(() => known);
      if (now === known || now === "") continue;
      known = now;
      yield now;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
