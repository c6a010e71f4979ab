/**
 * `deno task test:arm`: the self-test, and a spawn end to end, on the arm64 build of Deno under qemu. Needs
 * qemu-aarch64-static, and Debian's apt and dpkg-deb, which bring arm64 libraries into a folder of its own.
 */
import { join } from "@std/path";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { fetchDeno } from "../../operator/release/deno_binary.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { debianRoot, DENO_LIBRARIES, emulated } from "./emulation.ts";

/** Under emulation everything takes its time. */
const PATIENCE_MS = 120_000;
const AGENT = `export async function process(agent) {
  agent.persist("count", agent.recall("count", 0) + 1);
  await agent.publish("counts", { count: agent.recall("count") });
}`;

/** Kept between runs: what is in it was fetched, and checked. */
const cache = new URL("../../.cache/arm/", import.meta.url).pathname;

let passed = 0;
let failed = 0;

async function check(name: string, action: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  try {
    await action();
    passed++;
    say(`PASS ${name} (${seconds(startedMs)})`);
  } catch (error) {
    failed++;
    say(`FAIL ${name} (${seconds(startedMs)}): ${(error as Error).message}`);
  }
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-arm-" });
  try {
    await Deno.mkdir(cache, { recursive: true });
    const [deno, root] = await Promise.all([
      fetchDeno("aarch64", { cacheDir: cache, env: Deno.env.toObject(), onProgress: say }),
      debianRoot(cache, "arm64", DENO_LIBRARIES),
    ]);
    const armDeno = await emulated(deno, root, folder);
    const runner = join(folder, "agentflow-node.js");
    await bundleRunner(runner);
    await check("deno for arm64 starts", () => version(armDeno, runner));
    await check("self-test on arm64", () => selfTest(armDeno, runner, folder));
    await check("spawn end to end on arm64", () => spawn(armDeno, runner, folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function version(deno: string, runner: string): Promise<void> {
  const { stdout } = await new Deno.Command(deno, { args: ["run", "-A", runner, "--version"] }).output();
  const text = new TextDecoder().decode(stdout);
  if (!text.includes("aarch64-unknown-linux-gnu")) throw new Error(`it says '${text.trim()}'`);
}

function nodeArgs(deno: string, runner: string, folder: string): string[] {
  const folders = ["--state-dir", join(folder, "state"), "--work-dir", join(folder, "work")];
  // Agents run under emulation too.
  return ["run", "-A", runner, "--deno", deno, ...folders];
}

async function selfTest(deno: string, runner: string, folder: string): Promise<void> {
  const args = [...nodeArgs(deno, runner, folder), "--test"];
  const { success, stdout, stderr } = await new Deno.Command(deno, { args, stdin: "null" }).output();
  const text = new TextDecoder();
  const lines = text.decode(stdout).trim().split("\n");
  if (!success) {
    throw new Error(lines.filter((line) => line.startsWith("FAIL")).join("\n") + text.decode(stderr));
  }
  say(`     ${lines.at(-1)}`);
}

/** A node on arm64, an agent that is spawned over a broker, what it publishes, and its end. */
async function spawn(deno: string, runner: string, folder: string): Promise<void> {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const address = ["--broker", "127.0.0.1", "--port", String(broker.port), "--name", "arm"];
  const startedMs = performance.now();
  const node = new Deno.Command(deno, {
    // The emulator's own memory counts as the agent's.
    args: [...nodeArgs(deno, runner, folder), ...address, "--hang-timeout", "300", "--memory-mb", "2048"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(node.stderr).text();
  try {
    const isUp = ({ topic }: { topic: string }) => topic === "nodes/arm/heartbeat";
    const { json } = await bus.find("heartbeat of the node", isUp, 0, PATIENCE_MS);
    say(`     runner start → first heartbeat: ${seconds(startedMs)} (${json.runtime}, ${json.version})`);
    const spawnedMs = performance.now();
    await bus.publish("nodes/arm/spawn", { name: "counter", code: AGENT, poll_interval: 0.1 }, {
      retain: true,
    });
    await bus.find(
      "message of the agent",
      ({ topic, json }) => topic === "counts" && json.count > 2,
      0,
      PATIENCE_MS,
    );
    say(`     spawn → third message of the agent: ${seconds(spawnedMs)}`);
    await bus.publish("nodes/arm/stop_all", {});
    const { code } = await node.status;
    if (code !== 0) throw new Error(`the node ends with ${code}:\n${await log}`);
  } catch (error) {
    node.kill("SIGKILL");
    await node.status;
    throw new Error(`${(error as Error).message}\n${await log}`);
  }
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main());
