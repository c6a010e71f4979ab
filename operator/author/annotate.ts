/** Adds the types that an author left out to an agent's source; line numbers stay the same. Pure. */

/** A copy to type-check, and the mapping from its columns back to the author's. */
export interface Annotated {
  readonly text: string;
  /** @param line and column from 1, in the copy @returns the author's column */
  readonly columnOf: (line: number, column: number) => number;
}

interface Insertion {
  readonly line: number;
  /** Number of characters before the insertion in the line. */
  readonly at: number;
  readonly length: number;
}

export type Language = "typescript" | "javascript";

/** `function setup(agent` at the beginning of a line: the text up to and after the parameter. */
const FUNCTION =
  /^((?:export\s+)?(?:default\s+)?(?:async\s+)?function\s+(?:setup|process|handle_task|handleTask)\s*\(\s*)([A-Za-z_$][\w$]*)(?=\s*[,)])/;
/** `const process = async (agent`. */
const ARROW =
  /^((?:export\s+)?(?:const|let|var)\s+(?:setup|process|handle_task|handleTask)\s*=\s*(?:async\s*)?(?:function\s*)?\(\s*)([A-Za-z_$][\w$]*)(?=\s*[,)])/;

/** @param typesUrl the URL of the types for authors */
export function annotate(source: string, language: Language, typesUrl: string): Annotated {
  const insertions: Insertion[] = [];
  const type = `import(${JSON.stringify(typesUrl)}).Agent`;
  const lines = source.split("\n").map((line, index) => {
    const match = FUNCTION.exec(line) ?? ARROW.exec(line);
    const [, before = "", parameter = ""] = match ?? [];
    if (match === null) return line;
    const inserted = language === "typescript" ? `: ${type}` : `/** @type {${type}} */ `;
    const at = language === "typescript" ? before.length + parameter.length : before.length;
    insertions.push({ line: index + 1, at, length: inserted.length });
    return line.slice(0, at) + inserted + line.slice(at);
  });
  return {
    // TypeScript treats a file without imports and exports as a script, where `process` would be the global one.
    text: `${lines.join("\n")}\nexport {};\n`,
    columnOf: (line, column) => {
      const insertion = insertions.find((each) => each.line === line && column > each.at + 1);
      return insertion === undefined ? column : Math.max(insertion.at + 1, column - insertion.length);
    },
  };
}
