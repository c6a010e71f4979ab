/** An agent that tries what it must not, and reports what came of it. */
import { assertEquals } from "@std/assert";
import type { Bus } from "./bus.ts";
import type { NodeProcess } from "./node_process.ts";

/** What is tried: the body of an async function that sees `agent` and `given`, and returns what it got hold of. */
export type Attempts = Readonly<Record<string, string>>;

/** What came of each attempt: `refused: ERROR`, `nothing`, or `GOT: VALUE`. */
export type Findings = Readonly<Record<string, string>>;

const PATIENCE_MS = 5000;

/** Helpers that attempts may call. */
const TOOLS = `
const blobUrl = (source, type = "application/typescript") => URL.createObjectURL(new Blob([source], { type }));
const dataUrl = (source) => "data:application/typescript," + encodeURIComponent(source);
/** The default export of a module made of \`source\`. */
const fromModule = async (url) => (await import(url)).default;
/** What a worker whose main module is \`url\` posts. */
const fromWorker = (url) => new Promise((resolve, reject) => {
  const worker = new Worker(url, { type: "module" });
  const end = (settle, value) => { worker.terminate(); settle(value); };
  worker.onmessage = (event) => event.data?.error === undefined
    ? end(resolve, event.data)
    : end(reject, new Error(event.data.error));
  worker.onerror = (event) => { event.preventDefault(); end(reject, new Error(event.message)); };
});
/** A worker's source that posts what \`expression\` is, or its error. */
const posting = (expression) =>
  "try { postMessage(await (" + expression + ")) } catch (error) { postMessage({ error: String(error) }) }";
`;

/** The module of an agent that makes the attempts in its `setup()`, and publishes its findings. */
export function probeModule(attempts: Attempts, given: unknown): string {
  const functions = Object.entries(attempts).map(([name, body]) =>
    `${JSON.stringify(name)}: async (agent) => {\n${body}\n},`
  );
  return `
const given = ${JSON.stringify(given)};
${TOOLS}
const attempts = {
${functions.join("\n")}
};
async function tried(agent, attempt) {
  let timer;
  const tooLong = new Promise((_, reject) => timer = setTimeout(() => reject("no end of it"), ${PATIENCE_MS}));
  try {
    const value = await Promise.race([attempt(agent), tooLong]);
    return value === undefined || value === null ? "nothing" : "GOT: " + Deno.inspect(value).slice(0, 300);
  } catch (error) {
    return "refused: " + String(error).slice(0, 300);
  } finally {
    clearTimeout(timer);
  }
}
async function setup(agent) {
  const findings = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    // Says which one it was that ended the agent.
    await agent.log(name);
    findings[name] = await tried(agent, attempt);
  }
  await agent.publish("probe/" + agent.name, findings);
}`;
}

/** Spawns an agent that makes the attempts; resolves with what came of them. The agent goes on running. */
export async function probe(
  bus: Bus,
  node: NodeProcess,
  name: string,
  attempts: Attempts,
  given: unknown = {},
  config: Record<string, unknown> = {},
): Promise<Findings> {
  const code = probeModule(attempts, given);
  await bus.publish(`nodes/${node.name}/spawn`, { name, code, max_restarts: 0, ...config });
  const report = await bus.find(
    `findings of ${name}`,
    (message) => message.topic === `probe/${name}` || isFatal(message, name),
    0,
    60_000,
  );
  if (report.topic !== `probe/${name}`) throw new Error(`An attempt ended the agent: ${report.text}`);
  return report.json;
}

function isFatal(
  { topic, json }: { topic: string; json: { severity?: string; agent?: string } },
  name: string,
) {
  return topic.endsWith("/errors") && json?.agent === name && json.severity === "fatal";
}

/** Fails unless every attempt came to nothing. */
export function assertAllRefused(findings: Findings): void {
  const breaches = Object.entries(findings).filter(([, finding]) => finding.startsWith("GOT"));
  assertEquals(breaches, [], "the sandbox let something through");
}
