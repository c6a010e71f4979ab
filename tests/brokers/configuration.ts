/** The configurations of docs/brokers, with the places of this test run in them. */
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../docs/brokers/", import.meta.url));

/**
 * Writes a configuration of the documentation to `path`.
 * @param file its name in docs/brokers
 * @param places what is in the file, and what takes its place here: ports, folders, names
 * @throws Error when the file does not have one of them
 */
export async function writeConfiguration(
  file: string,
  path: string,
  places: Readonly<Record<string, string | number>>,
): Promise<void> {
  const text = await Deno.readTextFile(FOLDER + file);
  await Deno.writeTextFile(path, filled(file, text, places));
}

/** Replaces all of `places` at once: what has been put in is not replaced again. Pure. */
export function filled(
  file: string,
  text: string,
  places: Readonly<Record<string, string | number>>,
): string {
  const missing = Object.keys(places).filter((place) => !text.includes(place));
  if (missing.length > 0) throw new Error(`docs/brokers/${file} does not have ${missing.join(", ")}`);
  // Longer ones first: one may be the beginning of another.
  const pattern = Object.keys(places).sort((a, b) => b.length - a.length)
    .map((place) => place.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
  return text.replace(new RegExp(pattern, "g"), (place) => String(places[place]));
}
