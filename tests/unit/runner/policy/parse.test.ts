import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import schema from "../../../../docs/policy.schema.json" with { type: "json" };
import { DEVICE_KINDS } from "../../../../protocol/devices/devices.ts";
import { PERMISSION_KINDS } from "../../../../protocol/permissions.ts";
import { explainPolicy } from "../../../../runner/policy/explain.ts";
import { parsePolicy, PolicyError } from "../../../../runner/policy/parse.ts";
import { DEFAULT_POLICY } from "../../../../runner/policy/policy.ts";

const parse = (value: unknown) =>
  parsePolicy(typeof value === "string" ? value : JSON.stringify(value), "p.json");
const problem = (value: unknown) => assertThrows(() => parse(value), PolicyError).message;

Deno.test("an empty policy is the built-in one", () => {
  assertEquals(parse({}), { ...DEFAULT_POLICY, origin: "p.json" });
});

Deno.test("a policy that says something else than it seems to is refused, with the place", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["{", "it is not JSON"],
    ["", "it is not JSON"],
    ["[]", "it must be an object"],
    ["null", "it must be an object"],
    [
      { max_agent: 1 },
      "max_agent is no rule: known are $schema, max_agents, total_memory_mb, total_cpu_percent, total_disk_mb, permissions",
    ],
    [{ max_agents: -1 }, "max_agents must be from 0"],
    [{ max_agents: 1.5 }, "max_agents must be a whole number"],
    [{ permissions: { nett: [] } }, "permissions.nett is no rule: known are net, read"],
    [{ permissions: [] }, "permissions must be an object"],
    [{ permissions: { net: true } }, "permissions.net must be a list of strings"],
    [{ permissions: { net: ["http://x"] } }, "permissions.net.0 must be HOST or HOST:PORT"],
    [{ permissions: { read: ["data"] } }, "permissions.read.0 must be an absolute path"],
    [{ permissions: { run: ["ls"] } }, "permissions.run.0 must be an absolute path"],
    [{ permissions: { env: ["AGENTFLOW_PASSWORD"] } }, "permissions.env.0 belongs to the node itself"],
    [{ devices: { sensors: ["temprature"] } }, "devices.sensors.0 must be a kind of sensor (temperature,"],
    [{ devices: { gpio: ["GPIO27-17"] } }, "devices.gpio.0 must be a range from a lower to a higher number"],
    [{ devices: { gpio: ["/dev/*"] } }, "devices.gpio.0 must be the name of a GPIO line"],
    [{ devices: { sensors: ["/sys/*"] } }, 'devices.sensors.0 must be "*", or a pattern of ids'],
    [{ install: "npm:ms" }, "install must be true, false, or a list of patterns"],
    [{ install: ["ms"] }, "install"],
    [{ topics: { publish: ["a#"] } }, "topics.publish.0 must be a topic filter"],
    [{ topics: { control: "nodes/#" } }, "topics.control must be a list"],
    [{ broker: "all" }, 'broker must be "broker" or "none"'],
    [{ agent_credentials: true }, "agent_credentials must be an object"],
    [{ agent_credentials: { username: "a" } }, "agent_credentials.password_file is missing"],
    [
      { agent_credentials: { username: "", password_file: "/f" } },
      "agent_credentials.username must be a user",
    ],
    [
      { agent_credentials: { username: "a", password_file: "f" } },
      "agent_credentials.password_file must be an absolute path",
    ],
    [{ agent_credentials: { username: "a", password: "p" } }, "agent_credentials.password"],
    [{ cpu_percent: 1 }, "cpu_percent must be from 5"],
    [{ message_kb: 8193 }, "message_kb must be from 0.1 to 8192"],
    [{ subscriptions: -1 }, "subscriptions must be from 0"],
    [{ pending_tasks: 0 }, "pending_tasks must be from 1"],
    [{ memory_mb: "256" }, "memory_mb must be a number"],
    [{ messages_per_second: 1 }, "messages_per_second must be from 100"],
    [{ agents: { "a b": {} } }, "is no pattern of agents' names"],
    [{ agents: { a: { max_agents: 1 } } }, "agents.a.max_agents is no rule"],
    [`{"agents":{"__proto__":{"broker":"none"}}}`, "agents must not hold __proto__"],
    [`{"agents":{"constructor":{"broker":"none"}}}`, "agents must not hold __proto__"],
    [{ agents: [] }, "agents must be an object"],
  ];
  for (const [value, expected] of cases) assertStringIncludes(problem(value), expected);
});

Deno.test("the published schema knows the same rules", () => {
  const rules = Object.keys(schema.$defs.rules.properties);
  const known = /known are (.*)$/;
  const named = (value: unknown) => known.exec(problem(value))?.[1]?.split(", ");
  assertEquals(
    named({ x: 1 }),
    Object.keys(schema.properties).filter((name) => name !== "agents").concat("agents"),
  );
  assertEquals(named({ agents: { a: { x: 1 } } }), rules);
  assertEquals(Object.keys(schema.$defs.permissions.properties), [...PERMISSION_KINDS]);
  assertEquals(Object.keys(schema.$defs.devices.properties), [...DEVICE_KINDS]);
  assertEquals(named({ devices: { x: 1 } }), [...DEVICE_KINDS]);
  assertEquals(named({ topics: { x: 1 } }), Object.keys(schema.$defs.topics.properties));
});

Deno.test("a policy is explained in words, rule by rule", () => {
  const policy = parse({
    max_agents: 3,
    total_disk_mb: 20,
    install: ["npm:ms"],
    permissions: { net: ["a.example:443"], run: ["*"] },
    agent_credentials: { username: "agents", password_file: "/etc/agents.password" },
    cpu_percent: 50,
    agents: {
      "cam-*": {
        broker: "none",
        agent_credentials: false,
        memory_mb: 512,
        message_kb: 0.5,
        topics: { control: ["nodes/lab/spawn"] },
        devices: { gpio: ["GPIO17-27"], sensors: ["*"] },
      },
    },
  });
  assertEquals(explainPolicy(policy), [
    "What agents may have by p.json:",
    "- up to 3 agents at the same time",
    "- all of them together: three quarters of the machine's memory, 90 percent of its CPU, 20 MB of disk",
    "- net: may connect or listen on a.example:443",
    "- read: none",
    "- write: none",
    "- env: none",
    "- sys: none",
    '- run: may run programs (which then run outside the sandbox) anything they name ("*"); shells only where named',
    "- ffi: none",
    "- gpio: none",
    "- i2c: none",
    "- spi: none",
    "- serial: none",
    "- pwm: none",
    "- sensors: may read, once a second, temperature, humidity, pressure, light",
    "- install: npm:ms",
    "- broker: connections of their own",
    "- at the broker: they are told the user name 'agents' and the password in /etc/agents.password",
    "- publish to: #",
    "- publish to control topics: none",
    "- subscribe to: #",
    "- up to 50 percent of one CPU core",
    "- up to 100000 messages a second",
    "- up to 65536 KB of output a second",
    "- up to 8192 KB in one message",
    "- up to 1000 subscriptions",
    "- up to 1000 tasks that wait for an answer",
    "For agents named 'cam-*', instead:",
    "- gpio: may use the lines GPIO17-27",
    '- sensors: may read, once a second, any of them ("*")',
    "- broker: no connection of their own",
    "- at the broker: no credentials of their own",
    "- publish to control topics: nodes/lab/spawn",
    "- up to 512 MB of memory",
    "- up to 0.5 KB in one message",
  ]);
});
