/** More than the operator's policy and secrets file grant. */
import type { Attack, HostileMessage, Scene } from "../attack.ts";
import { inSetup, slug } from "../attack.ts";
import type { Attempts } from "../probes.ts";
import { DENIED } from "../probes.ts";
import { reported, stop } from "../scenes.ts";
import { probe } from "../../support/probe.ts";

type Config = Readonly<Record<string, unknown>>;
const IDLE = "function setup() {}";

/** Permissions in a spawn config that the policy does not cover. */
const REQUESTS: readonly (readonly [kind: string, entry: string])[] = [
  ["read", "%dir%/secret.txt"],
  ["read", "%dir%/open/../secret.txt"],
  ["read", "%dir%/open/link/passwd"],
  ["read", "%dir%/open/in.txt/../../secret.txt"],
  ["read", "%dir%/openly"],
  ["read", "/"],
  ["read", "/proc/self/environ"],
  ["read", "relative/path"],
  ["write", "%dir%/open/in.txt"],
  ["write", "%dir%/open/out/../../policy.json"],
  ["env", "HOME"],
  ["env", "ACME"],
  ["env", "LD_PRELOAD"],
  ["env", "ACME_KEY=x"],
  ["net", "127.0.0.1:9"],
  ["net", "0.0.0.0:9"],
  ["net", "127.0.0.2"],
  ["net", "example.com"],
  ["run", "/bin/sh"],
  ["run", "sh"],
  ["ffi", "/usr/lib/x.so"],
  ["sys", "hostname"],
];

const requests = REQUESTS.map(([kind, entry], index): HostileMessage => ({
  kind: "message",
  id: `beyond-permission-${index}`,
  category: "beyond",
  tries: `ask for ${kind} ${entry.replace("%dir%", "")}`,
  topic: "nodes/field/spawn",
  payload: { name: `beyond-${index}`, code: IDLE, permissions: { [kind]: [entry] } },
  expect: { on: "reply", says: new RegExp(`^Cannot spawn 'beyond-${index}': permissions\\.${kind}`) },
}));

/** Devices in a spawn config that the built-in cap does not cover, or that are none. */
const DEVICES: readonly (readonly [devices: unknown, says: RegExp])[] = [
  [{ sensors: ["power"] }, /devices\.sensors 'power' is not allowed/],
  [{ sensors: ["temperature", "energy"] }, /devices\.sensors 'energy' is not allowed/],
  [{ sensors: ["hwmon/hwmon0/power1"] }, /devices\.sensors 'hwmon\/hwmon0\/power1' is not allowed/],
  [{ gpio: ["GPIO17"] }, /devices\.gpio 'GPIO17' is not allowed/],
  [{ gpio: ["gpiochip0:0"] }, /devices\.gpio 'gpiochip0:0' is not allowed/],
  [{ gpio: ["*"] }, /must be the name of a GPIO line/],
  [{ gpio: ["GPIO0-27"] }, /devices\.gpio 'GPIO0-27' is not allowed/],
  [{ gpio: ["../mem"] }, /must be the name of a GPIO line/],
  [{ gpio: ["/dev/mem:0"] }, /must be the name of a GPIO line/],
  [{ i2c: ["1:0x76"] }, /devices\.i2c '1:0x76' is not allowed/],
  [{ i2c: ["1:0x03"] }, /must be BUS:ADDRESS/],
  [{ i2c: ["1:*"] }, /must be BUS:ADDRESS/],
  [{ i2c: ["1:0x40-0x4f"] }, /must be BUS:ADDRESS/],
  [{ i2c: ["../mem:0x76"] }, /must be BUS:ADDRESS/],
  [{ serial: ["/dev/ttyS0"] }, /devices\.serial '\/dev\/ttyS0' is not allowed/],
  [{ serial: ["/dev/pts/0"] }, /devices\.serial '\/dev\/pts\/0' is not allowed/],
  [{ serial: ["/dev/tty1"] }, /must be the path of a serial port/],
  [{ serial: ["/dev/../etc/shadow"] }, /must be the path of a serial port/],
  [{ sensors: ["*"] }, /must be a kind of sensor/],
  [{ sensors: ["w1/../../../etc/passwd"] }, /must be a kind of sensor/],
  [{ sensors: ["/sys/class/powercap/intel-rapl:0/energy_uj"] }, /must be a kind of sensor/],
  [{ sensors: ["constructor"] }, /must be a kind of sensor/],
  [{ sensors: "temperature" }, /must be a list of strings/],
  [JSON.parse(`{"__proto__": ["x"], "mem": ["/dev/mem"]}`), /is not a kind of device/],
];

const devices = DEVICES.map(([devices, says], index): HostileMessage => ({
  kind: "message",
  id: `beyond-devices-${index}`,
  category: "beyond",
  tries: `ask for devices ${JSON.stringify(devices)}`,
  topic: "nodes/field/spawn",
  payload: { name: `beyond-devices-${index}`, code: IDLE, devices: devices as object },
  expect: { on: "reply", says },
}));

/** Requests that are no permission at all. */
const ODD: Readonly<Record<string, unknown>> = {
  "a comma in a path": { read: ["%dir%/open,/etc"] },
  "a kind of its own": { all: ["*"] },
  "a kind called __proto__": JSON.parse(`{"__proto__": ["x"], "import": ["x"]}`),
  "permission to everything": { read: [""] },
  "an option as a host": { net: ["--allow-all"] },
  "true": { read: true },
};

const odd = Object.entries(ODD).map(([tries, permissions]): HostileMessage => ({
  kind: "message",
  id: `beyond-${slug(tries)}`,
  category: "beyond",
  tries: `permissions: ${tries}`,
  topic: "nodes/field/spawn",
  payload: { name: "beyond-odd", code: IDLE, permissions },
  expect: { on: "reply", says: /^Cannot spawn 'beyond-odd': permissions/ },
}));

/** What an agent with some permissions tries to make of them. */
const STRETCHES: Attempts = {
  "read a sensor it has not asked for": [
    `return (await agent.sensor("temperature").read()).value;`,
    /the spawn config does not ask for it/,
  ],
  "open a line it has not asked for": [
    `return (await agent.gpio("gpiochip0:0", { direction: "out", safe: 1 })).line;`,
    /the spawn config does not ask for it/,
  ],
  "open a device node as a line": [
    `return (await agent.gpio("/dev/mem", {})).line;`,
    /the spawn config does not ask for it/,
  ],
  "open an I2C device that it has not asked for": [
    `return (await agent.i2c(1, 0x76)).address;`,
    /the spawn config does not ask for it/,
  ],
  "open a device node as an I2C bus": [
    `return (await agent.i2c("../mem", 0x76)).address;`,
    /the bus must be the N of/,
  ],
  "read a file as a sensor": [
    `return (await agent.sensor("w1/../../../../etc/passwd").read()).value;`,
    /the spawn config does not ask for it/,
  ],
  "read beside the granted folder": [`return Deno.readTextFileSync(given.dir + "/secret.txt");`, DENIED],
  "read up from the granted folder": [
    `return Deno.readTextFileSync(given.dir + "/open/../secret.txt");`,
    DENIED,
  ],
  "read the policy": [`return Deno.readTextFileSync(given.dir + "/policy.json");`, DENIED],
  "read the secrets": [`return Deno.readTextFileSync(given.dir + "/secrets.json");`, DENIED],
  "write where it may read": [
    `Deno.writeTextFileSync(given.dir + "/open/x", "1"); return "written";`,
    DENIED,
  ],
  "make a link where it may write": [
    `Deno.symlinkSync(given.dir + "/secret.txt", given.dir + "/open/out/link"); return "linked";`,
    DENIED,
  ],
  "make a hard link where it may write": [
    `Deno.linkSync(given.dir + "/secret.txt", given.dir + "/open/out/link"); return "linked";`,
    DENIED,
  ],
  "move a secret where it may read": [
    `Deno.renameSync(given.dir + "/secret.txt", given.dir + "/open/out/moved"); return "moved";`,
    DENIED,
  ],
  "see a variable it has not asked for": [`return Deno.env.get("RUNNER_SECRET");`, /^nothing$/],
};

const stretches = Object.entries(STRETCHES).map(([tries, attempt]): Scene => {
  const [body, expect] = typeof attempt === "string" ? [attempt, DENIED] as const : attempt;
  return {
    kind: "scene",
    id: `beyond-${slug(tries)}`,
    category: "beyond",
    tries,
    play: async (field, id) => {
      const { bus, node, dir } = field;
      const permissions = { read: [`${dir}/open`], write: [`${dir}/open/out`], env: ["ACME_KEY"] };
      const own = `return Deno.readTextFileSync(given.dir + "/open/in.txt");`;
      const findings = await probe(bus, node, id, { tried: body, own }, { dir }, { permissions });
      await stop(field, id);
      if (findings.own !== `GOT: "granted"`) throw new Error(`what it was granted: ${findings.own}`);
      const { tried = "" } = findings;
      if (tried.startsWith("GOT") || !expect.test(tried)) throw new Error(tried);
      return tried.replace("refused: ", "");
    },
  };
});

const SECRETS: Readonly<Record<string, readonly [code: string, config: Config, says: RegExp]>> = {
  "a secret that is another's": [
    inSetup(`await agent.publish("stolen/beyond", agent.secret("TOKEN"));`),
    { secrets: ["TOKEN"] },
    /No secret TOKEN: it is not granted|Secrets not granted/,
  ],
  "a secret it has not asked for": [
    inSetup(`await agent.publish("stolen/beyond", agent.secret("TOKEN"));`),
    {},
    /No secret TOKEN/,
  ],
  "a secret by the neighbour's name": [
    inSetup(
      `Object.defineProperty(agent, "name", { value: "neighbour" }); await agent.publish("stolen/beyond", agent.secret("TOKEN"));`,
    ),
    { secrets: ["TOKEN"] },
    /No secret TOKEN|Secrets not granted|Cannot redefine/,
  ],
  "a secret called __proto__": [
    inSetup(`await agent.publish("stolen/beyond", agent.secret("__proto__"));`),
    { secrets: ["__proto__"] },
    /No secret __proto__|Secrets not granted|secrets/,
  ],
};

const secrets = Object.entries(SECRETS).map(([tries, [code, config, says]]): Attack => ({
  kind: "agent",
  id: `beyond-${slug(tries)}`,
  category: "beyond",
  tries,
  code,
  config,
  expect: { on: "errors", says },
}));

/** What the policy says of agents whose names begin with `policy-`. */
const RULED: Readonly<Record<string, readonly [config: Config, body: string, says: RegExp]>> = {
  "publish outside its topics": [
    {},
    `await agent.publish("yours", 1);`,
    /lets it publish to mine\/#, probe\/# only/,
  ],
  "subscribe to everything": [
    {},
    `await agent.subscribe("#", () => {});`,
    /lets it subscribe to mine\/# only/,
  ],
  "subscribe around its topics": [
    {},
    `await agent.subscribe("+/#", () => {});`,
    /lets it subscribe to mine\/# only/,
  ],
  "ask another agent": [
    {},
    `const got = await agent.send_to("neighbour", 1); throw new Error(JSON.stringify(got));`,
    /policy/,
  ],
};

/** What an agent without any grant asks its node's sensors for. */
const SENSORS = ["power", "*", "__proto__"];

const sensors = SENSORS.map((sensor): Attack => ({
  kind: "agent",
  id: `beyond-sensor-${slug(sensor) || "any"}`,
  category: "beyond",
  tries: `read the sensor ${sensor}`,
  code: inSetup(
    `await agent.publish("stolen/beyond", await agent.sensor(${JSON.stringify(sensor)}).read());`,
  ),
  expect: { on: "errors", says: /does not ask for it/ },
}));

const question: Attack = {
  kind: "agent",
  id: "policy-forge-a-question",
  category: "beyond",
  tries: "forge a frame that asks another agent on the node",
  code: inSetup(
    `Deno.stdout.writeSync(new TextEncoder().encode('\\n' + ${
      JSON.stringify(JSON.stringify({ t: "send_to", id: 1, to: "neighbour", payload: 1, timeout_ms: 1000 }))
    } + '\\n'));`,
  ),
  expect: {
    on: "logs",
    says: /^Refused by the node: send_to 'neighbour': the node's policy lets it publish to/,
  },
};

const ruled = Object.entries(RULED).map(([tries, [config, body, says]]): Attack => ({
  kind: "agent",
  id: `policy-${slug(tries)}`,
  category: "beyond",
  tries,
  code: inSetup(body),
  config: { ...config },
  expect: { on: "errors", says },
}));

const packageBeyond: HostileMessage = {
  kind: "message",
  id: "beyond-package",
  category: "beyond",
  tries: "install a package that the policy does not list",
  topic: "nodes/field/spawn",
  payload: { name: "policy-package", code: IDLE, install: ["npm:evil-shell@1"] },
  expect: { on: "reply", says: /^Cannot spawn 'policy-package': install 'npm:evil-shell@1' is not allowed/ },
};

const swap: Scene = {
  kind: "scene",
  id: "beyond-swap",
  category: "beyond",
  tries: "swap the granted folder for a link between two starts",
  play: async (field, id) => {
    const { bus, dir } = field;
    const folder = `${dir}/open/swapped`;
    await Deno.mkdir(folder);
    const from = bus.mark();
    const code = `function handle_task() { Deno.exit(1); }`;
    const config = { name: id, code, permissions: { read: [folder] }, max_restarts: 1, restart_delay: 0 };
    await field.node.spawn(bus, config);
    await Deno.remove(folder);
    await Deno.symlink("/etc", folder);
    await bus.publish(`agents/by-name/${id}/task`, {});
    const { json } = await reported(field, id, "errors", /is not allowed/, from);
    return json.error;
  },
};

export const beyond: readonly Attack[] = [
  ...requests,
  ...devices,
  ...odd,
  ...stretches,
  ...secrets,
  ...ruled,
  ...sensors,
  question,
  packageBeyond,
  swap,
];
