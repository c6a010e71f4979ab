/** Checks whether code is TypeScript by letting Deno parse it, without running it. */

/**
 * Deno resolves imports after parsing and before running: an import that can never be resolved keeps the module from
 * running.
 */
const NEVER = '\n;import "agentflow-parse-only:";\n';

/** Why `code` does not parse as TypeScript, on one line, or `undefined` when it does. Nothing of it runs. */
export async function syntaxErrorOf(code: string): Promise<string | undefined> {
  const url = URL.createObjectURL(new Blob([code + NEVER], { type: "application/typescript" }));
  try {
    await import(url);
    return undefined;
  } catch (error) {
    // Any other resolution error comes after parsing, so the code has parsed.
    const { name, message } = error as Error;
    const line = name === "SyntaxError" ? message : /^SyntaxError: (.*)/.exec(message)?.[1];
    return line?.replace(/ at blob:.*$/s, "");
  } finally {
    URL.revokeObjectURL(url);
  }
}
