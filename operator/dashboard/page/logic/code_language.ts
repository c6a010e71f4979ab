/** How code is coloured and completed: by what is said of its language, else by a look at it. A node parses it. Pure. */
import { type Language, LANGUAGES, looksLikePython, readingOf } from "../../../../protocol/language.ts";

/** Languages of the editor; JavaScript is a part of TypeScript. */
export type EditorLanguage = "typescript" | "python";

/** @param said what a spawn config or a form has as `language`, if anything */
export function editorLanguageOf(
  said: unknown,
  code: string,
  install: readonly string[] = [],
): EditorLanguage {
  const language: Language | undefined = LANGUAGES.find((known) => known === said);
  const reading = readingOf({ language, code, install });
  if (reading === "undecided") return looksLikePython(code) ? "python" : "typescript";
  return reading;
}
