/**
 * `deno task test:brokers [NAME…] [--law WORDS]`: one table of laws on real brokers. Without names it tries those that CI tries; `all`
 * stands for every broker that is installed.
 */
import { Bus } from "../../operator/bus.ts";
import { tryBroker } from "../../operator/operations/broker_trial.ts";
import { type BrokerUrl, parseBrokers } from "../../protocol/broker/broker_url.ts";
import { layOut } from "../bench/table.ts";
import { parseArgs } from "@std/cli/parse-args";
import type { Cluster, Product } from "./cluster.ts";
import { type Lack, type Law, LAWS } from "./laws/table.ts";
import { embedded } from "./products/embedded.ts";
import { mosquitto } from "./products/mosquitto.ts";
import { nats } from "./products/nats.ts";
import { rabbitmq, rabbitmqAlone } from "./products/rabbitmq.ts";
import { Scene } from "./scene.ts";

const PRODUCTS: readonly Product[] = [mosquitto, embedded, nats, rabbitmq, rabbitmqAlone];

type Verdict = "works" | "limit" | "fails";

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

async function main(args: readonly string[]): Promise<number> {
  const { _: given, law: only } = parseArgs([...args], { string: ["law", "_"] });
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
  const columns: ReadonlyMap<string, Verdict>[] = [];
  for (const product of tried) columns.push(await tryOn(product, laws));
  const rows = laws.map(([law]) => [law, ...columns.map((column) => column.get(law) ?? "fails")]);
  say(`\n${layOut(["law", ...tried.map(({ name }) => name)], rows).join("\n")}\n`);
  const verdicts = columns.flatMap((column) => [...column.values()]);
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
      say(`  doctor: not here: ${lack} (${product.limits?.[lack] ?? "no document says so"})`);
    }
    for (const [name, law] of laws) {
      const lawMs = performance.now();
      const { needs } = law;
      const isLimit = needs !== undefined && lacks.has(needs) && product.limits?.[needs] !== undefined;
      verdicts.set(name, isLimit ? "limit" : await verdictOn(name, law, cluster));
      say(`  ${name}: ${verdicts.get(name)}, ${secondsSince(lawMs)} s`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return verdicts;
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
