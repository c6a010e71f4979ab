/** Chooses the editor's language for code: the stated one, else a guess from the text. A node parses it instead. Pure. */
import { type Language, LANGUAGES, looksLikePython, readingOf } from "../../../../protocol/language.ts";

/** Languages of the editor; JavaScript counts as TypeScript. */
export type EditorLanguage = "typescript" | "python";

/** @param said the `language` of a spawn config or a form, if any */
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
