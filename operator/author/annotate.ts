/** An agent's source with the types that its author has left out, line by line as it was. Pure. */

/** A copy to be type-checked, and the way back from its columns to the author's. */
export interface Annotated {
  readonly text: string;
  /** @param line and column from 1, in the copy @returns the author's column */
  readonly columnOf: (line: number, column: number) => number;
}

interface Insertion {
  readonly line: number;
  /** Characters of the line before it. */
  readonly at: number;
  readonly length: number;
}

export type Language = "typescript" | "javascript";

/** `function setup(agent`, at the beginning of a line: up to the parameter, and behind it. */
const FUNCTION =
  /^((?:export\s+)?(?:default\s+)?(?:async\s+)?function\s+(?:setup|process|handle_task|handleTask)\s*\(\s*)([A-Za-z_$][\w$]*)(?=\s*[,)])/;
/** `const process = async (agent`. */
const ARROW =
  /^((?:export\s+)?(?:const|let|var)\s+(?:setup|process|handle_task|handleTask)\s*=\s*(?:async\s*)?(?:function\s*)?\(\s*)([A-Za-z_$][\w$]*)(?=\s*[,)])/;

/** @param typesUrl where the types for authors are */
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
    // A file without imports and exports is no module to TypeScript, and `process` would be the global one.
    text: `${lines.join("\n")}\nexport {};\n`,
    columnOf: (line, column) => {
      const insertion = insertions.find((each) => each.line === line && column > each.at + 1);
      return insertion === undefined ? column : Math.max(insertion.at + 1, column - insertion.length);
    },
  };
}
