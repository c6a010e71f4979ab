/** What the documentation says of flags, tasks, files and topics is what the code has. */
import { assert, assertEquals } from "@std/assert";
import manifest from "../../../deno.json" with { type: "json" };
import { MAX_CODE_BYTES } from "../../../protocol/spawn_config.ts";
import { DIRECT_COMMANDS, isSigned, NODE_COMMANDS, type NodeCommand } from "../../../protocol/commands.ts";
import { REFUSAL_CODES } from "../../../protocol/expected_error.ts";
import { TEMPLATES } from "../../../operator/templates/catalog.ts";
import { HEARTBEAT_INTERVAL_MS } from "../../../protocol/heartbeat.ts";
import { type AgentReport, topics } from "../../../protocol/topics.ts";
import { DEFAULT_POLICY } from "../../../runner/policy/policy.ts";
import { runnerHelp } from "../../../runner/flags.ts";
import { documents, readDocument as read, ROOT } from "../../support/documents.ts";

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
function section(document: string, name: string): string {
  const [, found] = new RegExp(`<!-- ${name} -->\\n(.*?)<!-- /${name} -->`, "s").exec(document) ?? [];
  assert(found !== undefined, `there is no section '${name}'`);
  return found.trim();
}

/** The flags of `--help` as a table of Markdown. */
function flagsTable(help: string): string {
  const rows = [...help.matchAll(/^ {2}(--\S+(?: \S+)?) +(.*)$/gm)].map(([, flag = "", meaning = ""]) =>
    `| \`${flag.replaceAll("|", "\\|")}\` | ${meaning.replaceAll("|", "\\|")} |`
  );
  return ["| flag | meaning |", "|---|---|", ...rows].join("\n");
}

/** Markdown without what the formatter decides: how wide the columns of a table are. */
function compact(table: string): string {
  return table.split("\n").map((line) => line.replace(/ +/g, " ").replace(/-{3,}/g, "---"))
    .map((line) => line.replaceAll("| --- ", "|---").replaceAll("--- |", "---|")).join("\n");
}

Deno.test("docs/runner.md has the flags of --help, word for word", async () => {
  assertEquals(compact(section(await read("docs/runner.md"), "flags")), compact(flagsTable(runnerHelp())));
});

Deno.test("every task that the documents name is in deno.json", async () => {
  const tasks = new Set(Object.keys(manifest.tasks));
  for (const [path, text] of await documents()) {
    for (const [, task = ""] of text.matchAll(/deno task ([a-z][a-z:-]*)/g)) {
      assert(tasks.has(task), `${path} names 'deno task ${task}', which deno.json does not have`);
    }
  }
});

Deno.test("every relative link of the documents leads to a file or a heading", async () => {
  const texts = await documents();
  for (const [path, text] of texts) {
    for (const [, target = ""] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = "", heading] = target.split("#");
      const url = file === "" ? new URL(path, ROOT) : new URL(file, new URL(path, ROOT));
      const info = await Deno.stat(url).catch(() => undefined);
      assert(info !== undefined, `${path} links to '${target}', which is not there`);
      if (heading === undefined) continue;
      const anchors = headings(await Deno.readTextFile(url));
      assert(anchors.includes(heading), `${path} links to '${target}', which has no such heading`);
    }
  }
});

Deno.test("every path that ARCHITECTURE, CONTRIBUTING and RELEASING name is there", async () => {
  for (const page of ["ARCHITECTURE.md", "CONTRIBUTING.md", "RELEASING.md"]) {
    const text = await read(page);
    for (const [, path = ""] of text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|json|md))`/g)) {
      // Made by a task.
      if (path.startsWith("dist/")) continue;
      const info = await Deno.stat(new URL(path, ROOT)).catch(() => undefined);
      assert(info !== undefined, `${page} names ${path}, which is not there`);
    }
  }
});

Deno.test("every decision has a number of its own, in its file's name and in its title", async () => {
  const names = await Array.fromAsync(Deno.readDir(new URL("docs/decisions", ROOT)), ({ name }) => name);
  assertEquals(new Set(names.map((name) => name.slice(0, 4))).size, names.length, names.sort().join("\n"));
  for (const name of names) {
    const title = `# ${Number(name.slice(0, 4))}. `;
    assert(
      (await read(`docs/decisions/${name}`)).startsWith(title),
      `${name} does not begin with '${title}'`,
    );
  }
});

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "");
}

/** The anchors of a document, as git hosts make them. */
function headings(text: string): string[] {
  return [...text.replace(/^```.*?^```/gms, "").matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-")
  );
}

/** Exhaustive: a report that is added to the code must be added here. */
const REPORTS: Readonly<Record<AgentReport, true>> = {
  heartbeat: true,
  status: true,
  logs: true,
  alert: true,
  errors: true,
  manifest: true,
  results: true,
  detections: true,
  metrics: true,
};

/** Every topic, with the names that docs/protocol.md uses. */
const ALL_TOPICS: Readonly<Record<keyof typeof topics, readonly string[]>> = {
  node: DIRECT_COMMANDS.map((command) => topics.node("{name}", command)),
  rollCall: [topics.rollCall],
  nodeHeartbeat: [topics.nodeHeartbeat("{name}")],
  nodeStatus: [topics.nodeStatus("{name}")],
  nodeAgents: [topics.nodeAgents("{name}")],
  nodeDevices: [topics.nodeDevices("{name}")],
  fleetHistory: [topics.fleetHistory("{fleet}", 0).replace("0", "{0-19}")],
  fleetHead: [topics.fleetHead("{fleet}")],
  fleetRollout: [topics.fleetRollout("{fleet}")],
  fleetRolloutPlan: [topics.fleetRolloutPlan("{fleet}")],
  fleetRolloutOrder: [topics.fleetRolloutOrder("{fleet}")],
  nodeGeneration: [topics.nodeGeneration("{name}", "{fleet}")],
  nodeAudit: [topics.nodeAudit("{name}")],
  migrateResult: [topics.migrateResult("{name}")],
  reply: [topics.reply("{name}", "{request}")],
  nodeLogs: [topics.nodeLogs("{name}")],
  agent: (Object.keys(REPORTS) as AgentReport[]).map((report) => topics.agent("{id}", report)),
  reading: [topics.reading("{id}", "{reading}")],
  switchState: [topics.switchState("{id}", "{switch}")],
  agentCommands: [topics.agentCommands("{id}")],
  task: [topics.task("{agent}")],
  detections: [topics.detections("{name}", "{agent}")],
};

Deno.test("docs/protocol.md has every topic that the code builds", async () => {
  const text = await read("docs/protocol.md");
  for (const topic of Object.values(ALL_TOPICS).flat()) {
    assert(text.includes(`\`${topic}\``), `docs/protocol.md does not have \`${topic}\``);
  }
});

Deno.test("docs/protocol.md has every field of the spawn config", async () => {
  const source = await read("protocol/spawn_config.ts");
  const [, schema = ""] = /const SpawnSchema = v\.object\(\{\n(.*?)\n\}\);/s.exec(source) ?? [];
  const fields = [...schema.matchAll(/^ {2}([a-z_]+):/gm)].map(([, field = ""]) => field);
  assert(fields.length > 10, "the schema is not where this test looks for it");
  const text = await read("docs/protocol.md");
  for (const field of fields) assert(text.includes(`| \`${field}\` `), `there is no row for '${field}'`);
  assertEquals(MAX_CODE_BYTES, 1024 * 1024, "docs/protocol.md says 1 MiB");
});

Deno.test("docs/protocol.md says how often heartbeats come", async () => {
  const text = await read("docs/protocol.md");
  const interval = `${HEARTBEAT_INTERVAL_MS / 1000} s`;
  for (const words of ["At connect and every", "Every"]) {
    assert(text.includes(`${words} ${interval}`), `docs/protocol.md does not say '${words} ${interval}'`);
  }
});

Deno.test("docs/policy.md has every rule", async () => {
  const text = await read("docs/policy.md");
  for (const rule of Object.keys(DEFAULT_POLICY.rules)) {
    assert(new RegExp(`^\\| \`${rule}\\b`, "m").test(text), `docs/policy.md has no row for '${rule}'`);
  }
});

Deno.test("docs/chat.md has every template", async () => {
  const text = await read("docs/chat.md");
  for (const { name } of TEMPLATES) {
    assert(text.includes(`| \`${name}\` `), `docs/chat.md has no row for '${name}'`);
  }
});

Deno.test("docs/agent-api.md has every member of Agent", async () => {
  const [, body = ""] = /export interface Agent \{(.*?)\n\}/s.exec(await read("agents/types.d.ts")) ?? [];
  const members = new Set(
    [...body.matchAll(/^ {2}(?:readonly )?([a-zA-Z_]+)[(:]/gm)].map(([, name = ""]) => name),
  );
  assert(members.size > 20, "the members are not where this test looks for them");
  const text = await read("docs/agent-api.md");
  for (const member of members) {
    assert(new RegExp(`\\b${member}\\b`).test(text), `docs/agent-api.md does not have '${member}'`);
  }
});

Deno.test("docs/signing.md has every refusal, and every command as the table has it", async () => {
  const text = await read("docs/signing.md");
  for (const code of REFUSAL_CODES) assert(text.includes(`\`${code}\``), code);
  const rows = text.slice(text.indexOf("## What must be signed"), text.indexOf("## The key file")).split(
    "\n",
  );
  const called: Partial<Record<NodeCommand, string>> = {
    commands: "agents/{id}/commands",
    task: "tasks",
    reply: "replies",
  };
  for (const command of NODE_COMMANDS) {
    const name = called[command] ?? command;
    const row = rows.find((line) => line.includes(`\`${name}\``) || line.startsWith(`| ${name} `)) ?? "";
    assert(row.includes(`| ${isSigned(command) ? "signed" : "open"}: `), command);
  }
});
