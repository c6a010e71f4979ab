/**
 * `deno task test:brokers [NAME…] [--law WORDS]`: one table of laws on real brokers. Without names it tries those that CI tries; `all`
 * stands for every broker that is installed. With `--storm SECONDS` 20 nodes live through the death of a member every 20 s.
 */
import { Bus } from "../../operator/bus.ts";
import { tryBroker } from "../../operator/operations/broker_trial.ts";
import { type BrokerUrl, parseBrokers } from "../../protocol/broker/broker_url.ts";
import { percentile } from "../bench/stats.ts";
import { layOut } from "../bench/table.ts";
import { parseArgs } from "@std/cli/parse-args";
import type { Cluster, Product } from "./cluster.ts";
import { type Lack, type Law, LAWS } from "./laws/table.ts";
import { activemq } from "./products/activemq.ts";
import { embedded } from "./products/embedded.ts";
import { mosquitto } from "./products/mosquitto.ts";
import { nats } from "./products/nats.ts";
import { rabbitmq, rabbitmqAlone } from "./products/rabbitmq.ts";
import { Scene } from "./scene.ts";
import { storm } from "./storm.ts";

const PRODUCTS: readonly Product[] = [mosquitto, embedded, nats, rabbitmq, rabbitmqAlone, activemq];

/** `-`: it is about several members, and there is one. */
type Verdict = "works" | "limit" | "-" | "fails";

/** How long a node may take until it is at another member. */
const BACK_MS = 3000;

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

async function main(args: readonly string[]): Promise<number> {
  const { _: given, law: only, storm: seconds } = parseArgs([...args], { string: ["law", "storm", "_"] });
  const names = given.map(String);
  const laws = [...LAWS].filter(([name]) => name.includes(only ?? ""));
  const unknown = names.filter((name) => name !== "all" && !PRODUCTS.some((one) => one.name === name));
  if (unknown.length > 0) {
    say(
      `test:brokers: unknown: ${unknown.join(", ")}; there are ${
        PRODUCTS.map(({ name }) => name).join(", ")
      }`,
    );
    return 2;
  }
  const wanted = PRODUCTS.filter(({ name, isInCi }) =>
    names.length === 0 ? isInCi : names.includes(name) || names.includes("all")
  );
  for (const { name, need } of wanted.filter(({ need }) => !need.isThere)) {
    say(`SKIP ${name}: this machine lacks ${need.name}: ${need.remedy}`);
  }
  const tried = wanted.filter(({ need }) => need.isThere);
  if (seconds !== undefined) return await stormAll(tried, Number(seconds));
  const tables = new Map<string, ReadonlyMap<string, Verdict>>();
  const lane = async (products: readonly Product[]) => {
    for (const product of products) tables.set(product.name, await tryOn(product, laws));
  };
  // NATS mostly waits for itself.
  await Promise.all([lane(tried.filter((one) => one === nats)), lane(tried.filter((one) => one !== nats))]);
  const columns = tried.flatMap(({ name }) => tables.get(name) ?? []);
  const rows = laws.map(([law]) => [law, ...columns.map((column) => column.get(law) ?? "fails")]);
  say(`\n${layOut(["law", ...tried.map(({ name }) => name)], rows).join("\n")}\n`);
  const verdicts = columns.flatMap((column) => [...column.values()]).filter((verdict) => verdict !== "-");
  const failed = verdicts.filter((verdict) => verdict === "fails").length;
  say(`${verdicts.length - failed} passed, ${failed} failed`);
  return failed === 0 && verdicts.length > 0 ? 0 : 1;
}

async function tryOn(
  product: Product,
  laws: readonly [string, Law][],
): Promise<ReadonlyMap<string, Verdict>> {
  const folder = await Deno.makeTempDir({ prefix: `agentflow-${product.name}-` });
  const verdicts = new Map<string, Verdict>();
  try {
    const startMs = performance.now();
    await using cluster = await product.start(folder);
    say(`${product.name}: ${cluster.members.length} members, started in ${secondsSince(startMs)} s`);
    const lacks = await lacksOf(cluster);
    for (const lack of lacks) {
      say(`${product.name}: doctor: not here: ${lack} (${product.limits?.[lack] ?? "no document says so"})`);
    }
    for (const [name, law] of laws) {
      const lawMs = performance.now();
      const { needs } = law;
      const isLimit = needs !== undefined && lacks.has(needs) && product.limits?.[needs] !== undefined;
      const isOfOthers = law.isOfClusters === true && cluster.members.length === 1;
      verdicts.set(name, isOfOthers ? "-" : isLimit ? "limit" : await verdictOn(name, law, cluster));
      say(`${product.name}: ${name}: ${verdicts.get(name)}, ${secondsSince(lawMs)} s`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return verdicts;
}

/** 20 nodes, and a member killed every 20 s. */
async function stormAll(products: readonly Product[], seconds: number): Promise<number> {
  let failed = 0;
  for (const product of products) {
    const folder = await Deno.makeTempDir({ prefix: `agentflow-${product.name}-` });
    try {
      await using cluster = await product.start(folder);
      await using scene = new Scene(cluster);
      const size = { nodes: 20, kills: Math.max(1, Math.floor(seconds / 20)), everySeconds: 20 };
      const { acknowledged, lost, awayMs, missing } = await storm(scene, size, say);
      const longest = Math.max(0, ...awayMs);
      say(
        `${product.name}: ${size.kills} kills, ${acknowledged} messages acknowledged, ${lost} of them lost; ` +
          `${awayMs.length} times a node lost its member: away for ${
            Math.round(percentile(awayMs, 50))
          } ms ` +
          `(median), ${Math.round(longest)} ms (longest); ${missing} not heard again`,
      );
      if (lost > 0 || missing > 0 || longest > BACK_MS) failed += 1;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  say(`${products.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function verdictOn(name: string, law: Law, cluster: Cluster): Promise<Verdict> {
  await using scene = new Scene(cluster);
  try {
    await law.prove(scene);
    return "works";
  } catch (error) {
    say(`  FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
    for (const line of scene.lastWords) say(`    | ${line}`);
    return "fails";
  }
}

/** As `doctor` finds out. */
async function lacksOf({ members }: Cluster): Promise<ReadonlySet<Lack>> {
  const list = members.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const connect = (broker: BrokerUrl) => Bus.connect({ broker, access: {} });
  const { retainsWildcard, others } = await tryBroker(parseBrokers(list, undefined), connect);
  const lacks = new Set<Lack>();
  if (others.some(({ retains }) => !retains)) lacks.add("members share retained messages");
  if (!retainsWildcard) lacks.add("retained messages by wildcard");
  return lacks;
}

function secondsSince(ms: number): string {
  return ((performance.now() - ms) / 1000).toFixed(1);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
