/** The documents of the project, and the snippets in them. */

export const ROOT = new URL("../../", import.meta.url);

export function readDocument(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Every document, by its path in the project. */
export async function documents(): Promise<ReadonlyMap<string, string>> {
  const paths = ["scripts/npm/README.md", "scripts/release/README.md"];
  const collect = async (folder: string, isDeep: boolean) => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
      if (isDirectory && isDeep) await collect(`${folder}${name}/`, true);
      else if (name.endsWith(".md")) paths.push(`${folder}${name}`);
    }
  };
  await collect("./", false);
  await collect("docs/", true);
  const names = paths.map((path) => path.replace(/^\.\//, "")).sort();
  return new Map(await Promise.all(names.map(async (path) => [path, await readDocument(path)] as const)));
}

/** What the comment above a snippet says of it. */
export type Mark =
  /** @param scene which kind of surroundings it needs @param isBackground whether it goes on until the scene ends */
  | { readonly kind: "run"; readonly scene: string; readonly isBackground: boolean }
  /** @param format what the file is that it shows */
  | { readonly kind: "read"; readonly format: string }
  | { readonly kind: "not run"; readonly reason: string }
  | { readonly kind: "none" };

/** A block of code in a document. */
export interface Snippet {
  /** `docs/ctl.md:12`, for messages. */
  readonly place: string;
  readonly page: string;
  /** What stands behind the opening fence; `""`: output, which is no snippet. */
  readonly language: string;
  readonly text: string;
  readonly mark: Mark;
  /** Commands that have to be run first, which a reader need not see: those of `<!-- prepare: … -->`. */
  readonly preparations: readonly string[];
}

/** The snippets of a page, in their order. Pure. */
export function snippetsOf(page: string, markdown: string): Snippet[] {
  const lines = markdown.split("\n");
  const found: Snippet[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, indent = "", language] = /^( *)```(\w*)$/.exec(lines[index] ?? "") ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    if (end < 0) throw new Error(`${page}:${index + 1}: the block has no end`);
    const text = lines.slice(index + 1, end).map((line) => line.slice(indent.length)).join("\n");
    const comments = commentsAbove(lines, index);
    found.push({
      place: `${page}:${index + 1}`,
      page,
      language,
      text,
      mark: comments.map(markOf).find(({ kind }) => kind !== "none") ?? { kind: "none" },
      preparations: comments.flatMap((words) => /^prepare: (.+)$/.exec(words)?.[1] ?? []),
    });
    index = end;
  }
  return found;
}

/** What the comments say that stand directly above a line, with nothing but empty lines between. */
function commentsAbove(lines: readonly string[], index: number): string[] {
  const found: string[] = [];
  for (let at = index - 1; at >= 0; at--) {
    const line = (lines[at] ?? "").trim();
    const [, words] = /^<!-- (.*) -->$/.exec(line) ?? [];
    if (words !== undefined) found.unshift(words);
    else if (line !== "") break;
  }
  return found;
}

function markOf(words: string): Mark {
  const [, reason] = /^not run: (.+)$/.exec(words) ?? [];
  if (reason !== undefined) return { kind: "not run", reason };
  const [, scene, background] = /^run: ([\w-]+)(, in the background)?$/.exec(words) ?? [];
  if (scene !== undefined) return { kind: "run", scene, isBackground: background !== undefined };
  const [, format] = /^read as: ([\w ]+)$/.exec(words) ?? [];
  return format === undefined ? { kind: "none" } : { kind: "read", format };
}

/** All snippets of all documents. */
export async function allSnippets(): Promise<Snippet[]> {
  return [...await documents()].flatMap(([page, text]) => snippetsOf(page, text));
}
