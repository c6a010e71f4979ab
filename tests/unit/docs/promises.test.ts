/** Every promise of the documents on security names what tests it: attacks of tests/hostile, or test files. */
import { assert, assertEquals } from "@std/assert";
import { ATTACKS } from "../../hostile/attacks.ts";

const ROOT = new URL("../../../", import.meta.url);

/** The sections that promise something, by document. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "docs/security.md": [
    "What the sandbox promises",
    "The second wall: the kernel",
    "What agents may have",
    "Who commands a node",
    "Secrets of agents",
  ],
  "docs/signing.md": [
    "What must be signed",
    "The key file",
    "The envelope",
    "Once only",
    "Nodes have keys, too",
    "Enrolment",
    "Statements",
    "How an agent moves",
    "Two of one name",
    "Refusals",
    "The audit log",
  ],
};

/** A paragraph, an item of a list or a table, with the marks inside it or behind it. */
interface Block {
  readonly text: string;
  readonly marks: readonly string[];
}

const MARK = /<!-- (?:held by: ([^>]*?)|explains) -->/gs;

/** @throws AssertionError when the document has no such section */
function blocksOf(document: string, heading: string): Block[] {
  const withoutCode = document.replace(/^```[\s\S]*?^```$/gm, "");
  const level = new RegExp(`^#+ ${heading.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m").exec(withoutCode);
  assert(level !== null, `There is no section '${heading}'`);
  const [section = ""] = withoutCode.slice(level.index + level[0].length).split(/^#+ /m);
  const chunks = section.split(/\n\s*\n/).flatMap((chunk) => chunk.split(/\n(?=- |\d+\. )/));
  const blocks: { text: string; marks: string[] }[] = [];
  for (const chunk of chunks.map((chunk) => chunk.trim()).filter((chunk) => chunk !== "")) {
    const marks = [...chunk.matchAll(MARK)].map(([, names = ""]) => names);
    const text = chunk.replace(/<!--[\s\S]*?-->/g, "").trim();
    if (text !== "") blocks.push({ text, marks });
    // A table cannot hold its mark: it stands behind it.
    else blocks.at(-1)?.marks.push(...marks);
  }
  return blocks;
}

const ATTACK_NAMES = new Set(ATTACKS.flatMap(({ id, category }) => [id, category]));

async function isThere(name: string): Promise<boolean> {
  if (!name.startsWith("tests/")) return ATTACK_NAMES.has(name);
  return await Deno.stat(new URL(name, ROOT)).then(() => true, () => false);
}

for (const [path, headings] of Object.entries(SECTIONS)) {
  const document = await Deno.readTextFile(new URL(path, ROOT));
  for (const heading of headings) {
    Deno.test(`${path}, ${heading}: each promise names attacks or tests that are there`, async () => {
      for (const { text, marks } of blocksOf(document, heading)) {
        assert(marks.length > 0, `names nothing that tests it: ${text}`);
        const names = marks.flatMap((mark) => mark.split(",")).map((name) => name.trim()).filter((name) =>
          name !== ""
        );
        const missing: string[] = [];
        for (const name of names) if (!await isThere(name)) missing.push(name);
        assertEquals(missing, [], text);
      }
    });
  }
}

Deno.test("a promise without a mark is found, and so is one in a table", () => {
  const page =
    "## A\n\nOne.\n\nTwo. <!-- held by: files -->\n\n- x\n- y <!-- explains -->\n\n| a |\n\n<!-- held by: net -->\n";
  assertEquals(blocksOf(page, "A").map(({ marks }) => marks), [[], ["files"], [], [""], ["net"]]);
});
