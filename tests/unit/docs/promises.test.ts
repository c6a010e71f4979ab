/** Every promise of the documents on security names what tests it: attacks of tests/hostile, or test files. */
import { assert, assertEquals } from "@std/assert";
import { ATTACKS } from "../../hostile/attacks.ts";
import { ALLOWANCE_MIB } from "../../hostile/run.ts";

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
    "Floods",
    "Nodes have keys, too",
    "Enrolment",
    "Statements",
    "How an agent moves",
    "Two agents of one name",
    "Two of one name",
    "Refusals",
    "The audit log",
  ],
  "docs/policy.md": [
    "What agents may have on this node",
    "The rules",
    "Permissions",
    "Devices",
    "Control topics",
    "Connections of their own",
    "Limits",
    "How CPU is limited",
  ],
  "docs/secrets.md": ["Secrets for agents", "Where it goes, and where not"],
};

/** The sections that promise nothing: what an operator can do, what is not held, and how it is tested. */
const OTHER_SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "docs/security.md": [
    "Security",
    "Threat model",
    "What is worth protecting",
    "Who can do what",
    "Where trust ends",
    "What it does not promise",
    "Securing the broker",
    "What the node needs to know",
    "Certificates",
    "mosquitto.conf",
    "Who may say what",
    "The embedded broker",
    "Client certificates instead of passwords",
    "When the node does not get in",
    "Hardening a node",
    "How it is tested",
    "Reporting a hole",
  ],
  "docs/signing.md": ["Signed commands", "What it does not do"],
};

/** A paragraph, an item of a list or a table, with the marks inside it or behind it. */
interface Block {
  readonly text: string;
  /** The names of each mark; `undefined` for one that promises nothing. */
  readonly marks: readonly (string | undefined)[];
}

const MARK = /<!-- (?:held by: ([^>]*?)|explains) -->/gs;

function proseOf(document: string): string {
  return document.replace(/^ *```[\s\S]*?^ *```$/gm, "");
}

/** @throws AssertionError when the document has no such section */
function blocksOf(document: string, heading: string): Block[] {
  const withoutCode = proseOf(document);
  const level = new RegExp(`^#+ ${heading.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m").exec(withoutCode);
  assert(level !== null, `There is no section '${heading}'`);
  const [section = ""] = withoutCode.slice(level.index + level[0].length).split(/^#+ /m);
  const chunks = section.split(/\n\s*\n/).flatMap((chunk) => chunk.split(/\n(?=- |\d+\. )/));
  const blocks: { text: string; marks: (string | undefined)[] }[] = [];
  for (const chunk of chunks.map((chunk) => chunk.trim()).filter((chunk) => chunk !== "")) {
    const marks = [...chunk.matchAll(MARK)].map(([, names]) => names);
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
        const names = marks.flatMap((mark) => mark?.split(",") ?? []).map((name) => name.trim());
        const missing: string[] = [];
        for (const name of names) if (!await isThere(name)) missing.push(name);
        assertEquals(missing, [], text);
      }
    });
  }

  Deno.test(`${path}: each section says its promises, or is known to make none`, () => {
    const found = [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => title);
    assertEquals(found.sort(), [...headings, ...OTHER_SECTIONS[path] ?? []].sort());
  });
}

Deno.test("docs/security.md quotes attacks that are there, and says how much a runner may grow", async () => {
  const document = await Deno.readTextFile(new URL("docs/security.md", ROOT));
  const quoted = [...document.matchAll(/^held +(\S+) +(.+?)(?:…| {2})/gm)];
  assert(quoted.length > 0);
  for (const [, category = "", tries = ""] of quoted) {
    assert(
      ATTACKS.some((attack) => attack.category === category && attack.tries.startsWith(tries)),
      `there is no attack '${category}: ${tries}'`,
    );
  }
  assert(document.includes(`it may hold ${ALLOWANCE_MIB} MiB more than before`));
});

Deno.test("a promise without a mark is found, and so is one in a table", () => {
  const page =
    "## A\n\nOne.\n\nTwo. <!-- held by: files -->\n\n- x\n- y <!-- explains -->\n\n| a |\n\n<!-- held by: net -->\n";
  assertEquals(blocksOf(page, "A").map(({ marks }) => marks), [[], ["files"], [], [undefined], ["net"]]);
});
