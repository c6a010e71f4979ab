/**
 * No regular expression of the product takes more than its share of time, whatever text it is given: ten times the text
 * is about ten times the work.
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { growsTooFast } from "../support/growth.ts";
import { attacksOn, textOf } from "../support/regex_attacks.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = ["runner", "protocol", "agents/harness", "operator"];

/** What is given to these never grows, and why. */
const BOUNDED: Readonly<Record<string, string>> = {
  "operator/planner/": "a sentence of an operator has 1000 characters at most",
  "operator/dashboard/page/editor/agent_api.ts": "it reads the project's own types, when the page is built",
  "operator/dashboard/page/editor/python_api.ts": "it reads the project's own module, when the page is built",
};

/** The last two are tenfold. In the shortest only what doubles with each character is seen. */
const LENGTHS = [30, 1000, 10_000];

/** Searches through the whole of a text. */
function search(pattern: RegExp, text: string): void {
  if (pattern.global) { for (const _match of text.matchAll(pattern)); }
  else pattern.exec(text);
}

/** What makes the work of `pattern` grow too fast; `undefined` when nothing that was tried does. */
function weakness(pattern: RegExp): string | undefined {
  const attack = attacksOn(pattern.source).find((each) => {
    const texts = new Map(LENGTHS.map((length) => [length, textOf(each, length)]));
    return growsTooFast((length) => search(pattern, texts.get(length) ?? ""), LENGTHS);
  });
  return attack === undefined ? undefined : JSON.stringify(attack);
}

interface Found {
  readonly file: string;
  readonly pattern: RegExp;
}

interface RegexNode {
  readonly regex?: { readonly pattern: string; readonly flags: string };
}

/** All literals in a source, and whether it makes expressions from text. */
function patternsOf(
  file: string,
  source: string,
): { readonly literals: Found[]; readonly isMaking: boolean } {
  const literals: Found[] = [];
  let isMaking = false;
  const plugin: Deno.lint.Plugin = {
    name: "patterns",
    rules: {
      find: {
        create: () => ({
          Literal(node) {
            const { regex } = node as unknown as RegexNode;
            if (regex !== undefined) literals.push({ file, pattern: new RegExp(regex.pattern, regex.flags) });
          },
          NewExpression({ callee }) {
            if (callee.type === "Identifier" && callee.name === "RegExp") isMaking = true;
          },
        }),
      },
    },
  };
  Deno.lint.runPlugin(plugin, file, source);
  return { literals, isMaking };
}

/** The expressions that a module makes from text while it is loaded. */
async function madeBy(file: string): Promise<Found[]> {
  const made: Found[] = [];
  const original = globalThis.RegExp;
  globalThis.RegExp = new Proxy(original, {
    construct: (target, args) => {
      const pattern = Reflect.construct(target, args) as RegExp;
      made.push({ file, pattern });
      return pattern;
    },
  });
  try {
    await import(`../../${file}?patterns`);
  } finally {
    globalThis.RegExp = original;
  }
  return made;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}/${folder}`)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (/\.tsx?$/.test(name)) yield `${folder}/${name}`;
  }
}

async function allPatterns(): Promise<Found[]> {
  const found: Found[] = [];
  for (const folder of FOLDERS) {
    for await (const file of sources(folder)) {
      if (Object.keys(BOUNDED).some((path) => file.startsWith(path))) continue;
      const { literals, isMaking } = patternsOf(file, await Deno.readTextFile(`${ROOT}/${file}`));
      found.push(...literals, ...(isMaking ? await madeBy(file) : []));
    }
  }
  return found;
}

Deno.test("no text from outside makes a regular expression work more than in proportion", async () => {
  const found = await allPatterns();
  assert(found.length > 200, `only ${found.length} were found`);
  const weak = found.flatMap(({ file, pattern }) => {
    const attack = weakness(pattern);
    return attack === undefined ? [] : [`${file}: ${pattern}: ${attack}`];
  });
  assertEquals(weak, []);
});

Deno.test("what grows too fast is found by these attacks", () => {
  const weak = [
    /=+$/,
    /^(\w+)\s*,?\s*\)$/,
    /(["'])((?:\\.|[^"\\])*)\1/g,
    /<a [^>]*>/g,
    /^(a|aa)+$/,
  ];
  for (const pattern of weak) assert(weakness(pattern) !== undefined, String(pattern));
  for (const pattern of [/^[\w.-]+$/, /"(?:\\[^]|[^"\\])*(?:"|\\?$)/g]) {
    assertEquals(weakness(pattern), undefined);
  }
});
