/** Whether code is TypeScript, found by having Deno parse it, and nothing else. */

/**
 * Resolving comes after parsing and before running: an import that no registry and no disk can satisfy keeps the
 * module from ever running.
 */
const NEVER = '\n;import "agentflow-parse-only:";\n';

/** Why `code` does not parse as TypeScript, on one line, or `undefined` when it does. Nothing of it runs. */
export async function syntaxErrorOf(code: string): Promise<string | undefined> {
  const url = URL.createObjectURL(new Blob([code + NEVER], { type: "application/typescript" }));
  try {
    await import(url);
    return undefined;
  } catch (error) {
    // What anything in it imports is looked for next, and may fail as well: then it has parsed.
    const { name, message } = error as Error;
    const line = name === "SyntaxError" ? message : /^SyntaxError: (.*)/.exec(message)?.[1];
    return line?.replace(/ at blob:.*$/s, "");
  } finally {
    URL.revokeObjectURL(url);
  }
}
