/** Every snippet of the documents says how it is run, or why it is not; what shows a file can be read as that file. */
import { deviceOptions, parseInventory } from "../../../operator/deploy/inventory.ts";
import { assert, assertEquals } from "@std/assert";
import { parseFleetFile } from "../../../operator/fleet/fleet_file.ts";
import { parseProfiles } from "../../../operator/ctl/profile.ts";
import { parseKeys } from "../../../protocol/signing/keys.ts";
import { parseSpawnConfig } from "../../../protocol/spawn_config.ts";
import { parsePolicy } from "../../../runner/policy/parse.ts";
import { parseSecrets } from "../../../runner/secrets/secrets.ts";
import { TITLES } from "../../support/documented.ts";
import { parseChannels } from "../../../operator/dashboard/server/notice/channels/settings.ts";
import { allSnippets, ROOT, type Snippet, snippetsOf } from "../../support/documents.ts";

const SNIPPETS = await allSnippets();

/** Those that tests/slow/snippets has, and the broker of tests/integration/broker_security.test.ts. */
const SCENES = ["broker"];
for await (const { name } of Deno.readDir(new URL("tests/slow/snippets", ROOT))) {
  SCENES.push(name.replace(".test.ts", ""));
}
const SHELL = ["sh", "console"];
/** Run as agents where nothing else is said: tests/slow/snippets/agents.test.ts. */
const AGENTS = ["ts", "python"];
const FILES = ["json", "ini", "conf"];

const FORMATS: Readonly<Record<string, (text: string) => unknown>> = {
  policy: (text) => parsePolicy(text, "policy.json"),
  keys: (text) => parseKeys(text.replaceAll("…", "A".repeat(43))),
  secrets: (text) => parseSecrets(text),
  profile: (text) => parseProfiles(text, "/c.json", undefined, "/h"),
  channels: (text) => parseChannels(text, "channels.json"),
  inventory: (text) => {
    const inventory = parseInventory(text, "devices.json");
    inventory.devices.forEach((device) => deviceOptions(inventory, device, () => undefined));
  },
  fleet: (text) => parseFleetFile(text, "fleet.json"),
  "spawn config": (text) => parseSpawnConfig(JSON.parse(text), JSON.parse(text).node ?? "edge-1"),
};

/** What is wrong with how a snippet is marked. Pure. */
function problemOf({ language, text, mark }: Snippet): string | undefined {
  if (language === "") return text.startsWith("$ ") ? "commands with their output are ```console" : undefined;
  if (mark.kind === "not run") return mark.reason.length < 10 ? "say why it is not run" : undefined;
  if (mark.kind === "run" && !SCENES.includes(mark.scene)) return `there is no scene '${mark.scene}'`;
  if (mark.kind === "run" && mark.scene === "broker" && !TITLES.includes(text.split("\n")[0] ?? "")) {
    return "tests/support/documented.ts does not use it";
  }
  if (mark.kind === "read" && !(mark.format in FORMATS)) return `nothing reads '${mark.format}'`;
  if (SHELL.includes(language)) {
    return mark.kind === "run" ? undefined : "say <!-- run: SCENE -->, or <!-- not run: REASON -->";
  }
  if (AGENTS.includes(language)) return mark.kind === "none" ? undefined : "it is run as an agent";
  if (language === "json") return mark.kind === "run" ? "JSON is read, not run" : undefined;
  if (FILES.includes(language)) {
    return mark.kind === "run" ? undefined : "say <!-- run: SCENE -->, or <!-- not run: REASON -->";
  }
  return `nothing runs '${language}'`;
}

Deno.test("every snippet says how it is run, or why it is not", () => {
  const problems = SNIPPETS.flatMap((snippet) => {
    const problem = problemOf(snippet);
    return problem === undefined ? [] : [`${snippet.place}: ${problem}`];
  });
  assertEquals(problems, []);
});

Deno.test("a snippet without a word on how it is run is refused", () => {
  const refused = (markdown: string) => snippetsOf("x.md", markdown).map(problemOf);
  const block = (language: string, comment = "") => `${comment}\n\n\`\`\`${language}\n$ true\n\`\`\`\n`;
  assertEquals(refused(block("sh")), ["say <!-- run: SCENE -->, or <!-- not run: REASON -->"]);
  assertEquals(refused(block("")), ["commands with their output are ```console"]);
  assertEquals(refused(block("sh", "<!-- not run: no -->")), ["say why it is not run"]);
  assertEquals(refused(block("sh", "<!-- run: moon -->")), ["there is no scene 'moon'"]);
  assertEquals(refused(block("ruby")), ["nothing runs 'ruby'"]);
  assertEquals(refused(block("sh", "<!-- run: node -->")), [undefined]);
});

Deno.test("a test that a reason names is there", async () => {
  for (const { mark, place } of SNIPPETS) {
    if (mark.kind !== "not run") continue;
    for (const [path] of mark.reason.matchAll(/tests\/[\w./]+\.ts/g)) {
      const info = await Deno.stat(new URL(path, ROOT)).catch(() => undefined);
      assert(info !== undefined, `${place}: there is no ${path}`);
    }
  }
});

Deno.test("what shows a file of JSON can be read as that file", () => {
  for (const { language, mark, place, text } of SNIPPETS) {
    if (language !== "json") continue;
    try {
      if (mark.kind === "read") FORMATS[mark.format]?.(text);
      else parseJson(text);
    } catch (error) {
      throw new Error(`${place}: ${(error as Error).message}`);
    }
  }
});

/** One document, or one on each line. */
function parseJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    // Several, then.
    for (const line of text.split("\n")) JSON.parse(line);
  }
}
