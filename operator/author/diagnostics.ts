/** Maps the output of `deno check` to the author's file, lines and columns. Pure. */
import { stripVTControlCharacters } from "node:util";

export interface Diagnostic {
  /** Such as `TS2339`; undefined when it is not a type error. */
  readonly code: string | undefined;
  readonly message: string;
  /** From 1, if known. */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

const HEAD = /^(TS\d+) \[(?:ERROR|WARN[A-Z]*)\]: (.*)$/;

/**
 * @param output of `deno check`
 * @param copyUrl the file that was checked
 * @param except files whose diagnostics are dropped
 */
export function parseDiagnostics(
  output: string,
  copyUrl: string,
  except: readonly string[] = [],
): readonly Diagnostic[] {
  const folderUrl = copyUrl.slice(0, copyUrl.lastIndexOf("/") + 1);
  const missing = /Cannot find module '(\S+)'\.?/;
  const alone = (all: string, url: string) =>
    url.startsWith(folderUrl)
      ? `Cannot import './${
        url.slice(folderUrl.length)
      }': a node gets this one file alone. Bundle it, or install a package.`
      : all;
  const lines = stripVTControlCharacters(output).split("\n");
  const diagnostics: Diagnostic[] = [];
  let current: { code: string; message: string[] } | undefined;
  for (const line of lines) {
    const head = HEAD.exec(line);
    if (head !== null) {
      current = { code: head[1] ?? "", message: [head[2] ?? ""] };
      continue;
    }
    if (current === undefined) continue;
    const place = /^\s+at (\S+):(\d+):(\d+)$/.exec(line);
    if (place !== null) {
      const isOwn = place[1] === copyUrl;
      if (!except.includes(place[1] ?? "")) {
        diagnostics.push({
          code: current.code,
          message: current.message.join(" ").replace(missing, alone),
          line: isOwn ? Number(place[2]) : undefined,
          column: isOwn ? Number(place[3]) : undefined,
        });
      }
      current = undefined;
    } else if (
      /^ {2}\S/.test(line) && !/^\s*~+\s*$/.test(line) && current.message.length < 5 && isProse(line)
    ) {
      // A chain of reasons is indented; the quoted code after it is not.
      current.message.push(line.trim());
    }
  }
  if (diagnostics.length > 0) return diagnostics;
  return otherError(lines, copyUrl);
}

/** A syntax error or a missing module. */
function otherError(lines: readonly string[], copyUrl: string): readonly Diagnostic[] {
  const first = lines.findIndex((line) => line.startsWith("error: "));
  if (first === -1) return [];
  const message = (lines[first] ?? "").slice("error: ".length);
  const [, place, line, column] =
    lines.slice(first).map((line) => placeIn(line, copyUrl)).find((found) => found !== null) ?? [];
  return [{
    code: undefined,
    message: message.replace(` at ${copyUrl}${place}`, "").replaceAll(copyUrl, "this file"),
    line: line === undefined ? undefined : Number(line),
    column: column === undefined ? undefined : Number(column),
  }];
}

function placeIn(line: string, url: string): RegExpExecArray | null {
  const at = line.indexOf(`${url}:`);
  return at === -1 ? null : /^(:(\d+):(\d+))/.exec(line.slice(at + url.length));
}

function isProse(line: string): boolean {
  return /^ {2,}(?:Type|Property|The|Types|Argument|Object|Did|Overload|Index|No|Source|Target|'|This) ?/
    .test(line);
}
