/** Where attacks take place: a real broker, a node with everything an operator can switch on, a node that demands signatures. */
import { join } from "@std/path";
import { startBroker, type TestBroker } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { type NpmPackage, serveNpm } from "../support/npm_registry.ts";
import { testKey } from "../support/identity.ts";
import { SECRET } from "../support/prison.ts";
import { Commander, newKey, TrustFolder } from "../support/signing.ts";
import type { SigningKey } from "../../protocol/signing/issue.ts";
import { NEIGHBOUR, NEIGHBOUR_CODE } from "./neighbour.ts";
import { PACKAGES } from "./packages.ts";
import { plantSecrets, plantThings } from "./plants.ts";
import { POLICY } from "./policy.ts";

/** The operator's secret that no hostile agent is granted. */
export const GRANTED_SECRET = "granted-to-the-neighbour-alone";

/** The key of a node that the strict node believes, and that is never there. */
export const GHOST = testKey("ghost");

/** A machine under load that fetches and translates everything for the first time. */
const PYTHON_PATIENCE_MS = 240_000;

/** Keys of the strict node, by what they may do. */
export interface Keys {
  readonly owner: SigningKey;
  /** May sign `stop` and nothing else. */
  readonly stopper: SigningKey;
  /** For other nodes. */
  readonly foreign: SigningKey;
  readonly unknown: SigningKey;
}

export interface Field extends AsyncDisposable {
  readonly broker: TestBroker;
  readonly bus: Bus;
  /** Obeys everybody; policy, secrets and a registry of hostile packages. */
  readonly node: NodeProcess;
  /** Obeys only who signs. */
  readonly strict: NodeProcess;
  readonly keys: Keys;
  readonly owner: Commander;
  /** A folder with the operator's files. */
  readonly dir: string;
  /** What probes see as `given`. */
  readonly given: Readonly<Record<string, unknown>>;
  /** `text` with its placeholders filled in: %node%, %strict%, %dir%, %state%, %work%, %pid%, %port%, %other%. */
  fill(text: string): string;
}

/** Sets the field, and waits until both nodes and their neighbours are there. */
export async function setField(): Promise<Field> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-hostile-" }));
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  // Its own limit would lose what the attacks are to be judged by.
  const quiet = ["max_queued_messages 0", "max_inflight_messages 1000"];
  const broker = stack.use(await startBroker(quiet));
  const bus = stack.use(await Bus.connect(broker.port));
  const registry = stack.use(serveNpm(PACKAGES.map((one) => filledPackage(one, dir))));
  // Somebody is there: an attempt to reach another port could succeed.
  const bystander = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("data: x\n\n", { headers: { "content-type": "text/event-stream" } }),
  );
  stack.defer(() => bystander.shutdown());
  const keys = await makeKeys();
  const trust = stack.use(
    await TrustFolder.make([
      { key: keys.owner },
      { key: keys.stopper, commands: ["stop"] },
      { key: keys.foreign, nodes: ["other-*"] },
    ], { ghost: GHOST.public }),
  );
  await layOut(dir);
  const strict = stack.use(
    await NodeProcess.start({
      port: broker.port,
      name: "strict",
      args: ["--trust", trust.keyFile, "--with-python", "--migrate-timeout", "3"],
    }),
  );
  // Its registry has Python, that of the field does not; they share their work folder.
  await strict.logged(/Python is ready/, PYTHON_PATIENCE_MS);
  const node = stack.use(
    await NodeProcess.start({
      port: broker.port,
      name: "field",
      args: [
        ...["--policy", join(dir, "policy.json"), "--secrets", join(dir, "secrets.json")],
        ...["--hang-timeout", "10", "--memory-mb", "160"],
        ...["--deno", await denoWithRegistry(dir, registry.url)],
      ],
      env: { RUNNER_SECRET: SECRET, ACME_KEY: SECRET },
    }),
  );
  await plantSecrets(node.stateDir);
  const owner = new Commander(bus, keys.owner);
  await Promise.all([node, strict].map((one) => up(bus, one)));
  await node.spawn(bus, { name: NEIGHBOUR, code: NEIGHBOUR_CODE, poll_interval: 0.5 });
  await owner.order("nodes/strict/spawn", { name: "signed", code: NEIGHBOUR_CODE, poll_interval: 0.5 });
  await plantThings(dir);
  const given = {
    outside: dir,
    dir: node.stateDir,
    workDir: node.workDir,
    runnerPid: node.pid,
    port: broker.port,
    otherPort: bystander.addr.port,
  };
  const known: Readonly<Record<string, string>> = {
    node: node.name,
    strict: strict.name,
    dir,
    state: node.stateDir,
    work: node.workDir,
    pid: String(node.pid),
    port: String(broker.port),
    other: String(given.otherPort),
  };
  const fill = (text: string) => text.replaceAll(/%([a-z]+)%/g, (whole, name) => known[name] ?? whole);
  const all = stack.move();
  const dispose = () => all.disposeAsync();
  return { broker, bus, node, strict, keys, owner, dir, given, fill, [Symbol.asyncDispose]: dispose };
}

/** A Deno for agents that knows the field's registry only; the runner's own packages come from where they always do. */
async function denoWithRegistry(dir: string, url: string): Promise<string> {
  const path = join(dir, "deno");
  const script = `#!/bin/sh\nNPM_CONFIG_REGISTRY='${url}' exec '${Deno.execPath()}' "$@"\n`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

/** @throws Error with what the node says when it ends instead */
async function up(bus: Bus, node: NodeProcess): Promise<void> {
  const ended = node.child.status.then(() => Promise.reject(new Error(node.stderr.join("\n"))));
  // Afterwards its end is expected.
  ended.catch(() => {});
  await Promise.race([bus.on(`nodes/${node.name}/heartbeat`), ended]);
}

async function makeKeys(): Promise<Keys> {
  const [owner, stopper, foreign, unknown] = await Promise.all([
    newKey("owner"),
    newKey("stopper"),
    newKey("foreign"),
    newKey("unknown"),
  ]);
  return { owner, stopper, foreign, unknown };
}

/** The operator's files: policy, secrets, a folder that agents may read and one secret beside it. */
async function layOut(dir: string): Promise<void> {
  await Deno.mkdir(join(dir, "open", "out"), { recursive: true });
  await Deno.writeTextFile(join(dir, "open", "in.txt"), "granted");
  await Deno.writeTextFile(join(dir, "secret.txt"), SECRET);
  await Deno.symlink("/etc", join(dir, "open", "link"));
  await Deno.writeTextFile(join(dir, "policy.json"), JSON.stringify(POLICY).replaceAll("%dir%", dir));
  const secrets = { TOKEN: { value: GRANTED_SECRET, agents: [NEIGHBOUR] } };
  await Deno.writeTextFile(join(dir, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
}

function filledPackage(one: NpmPackage, dir: string): NpmPackage {
  return JSON.parse(JSON.stringify(one).replaceAll("%dir%", dir));
}
