/** The doctor's findings: from what was seen to what is wrong. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Fleet } from "../../../../operator/fleet/fleet.ts";
import { type Evidence, fleetFindings, machineFindings } from "../../../../operator/operations/diagnosis.ts";

const NOW_MS = 1_700_000_000_000;

function evidence(heartbeat: Record<string, unknown> = {}, more: Partial<Evidence> = {}): Evidence {
  const fleet = new Fleet();
  const payload = {
    agents: [],
    timestamp: NOW_MS / 1000,
    runtime: "deno 2.9.6",
    version: "1.0.0",
    ...heartbeat,
  };
  fleet.apply("nodes/hall/heartbeat", new TextEncoder().encode(JSON.stringify(payload)), NOW_MS);
  return {
    nowMs: NOW_MS,
    version: "1.0.0",
    nodes: fleet.nodes,
    silent: [],
    instances: new Map(),
    homes: new Map(),
    keptSpawns: [],
    keptManifests: [],
    ...more,
  };
}

const problems = (of: Evidence) => fleetFindings(of).filter(({ status }) => status !== "ok");

/** What the doctor says of a node with these devices. */
function ofDevices(devices: Record<string, unknown>): (readonly [string, string | undefined])[] {
  const fleet = new Fleet();
  const said = (topic: string, value: unknown) =>
    fleet.apply(topic, new TextEncoder().encode(JSON.stringify(value)), NOW_MS);
  said("nodes/hall/heartbeat", { agents: [], timestamp: NOW_MS / 1000, version: "1.0.0" });
  said("nodes/hall/devices", devices);
  return problems(evidence({}, { nodes: fleet.nodes })).map(({ message, advice }) => [message, advice]);
}

Deno.test("a group that the node's user lacks is told with the command, once, for what the policy allows", () => {
  const problem = { code: "group", user: "pi", group: "gpio" };
  const gpio = [0, 1].map((n) => ({ chip: `gpiochip${n}`, names: ["GPIO0"], holders: {}, problem }));
  const found = [[
    "its agents cannot use /dev/gpiochip0, /dev/gpiochip1: user pi is not in group gpio",
    "sudo usermod -aG gpio pi, and restart the node",
  ]] as const;
  assertEquals(ofDevices({ gpio, allowed: ["gpio"] }), [...found]);
  assertEquals(ofDevices({ gpio, allowed: [] }), []);
  assertEquals(ofDevices({ gpio: [{ ...gpio[0], names: [], holders: {} }], allowed: ["gpio"] }), []);
});

Deno.test("no line to paste comes from a node that names a group for anything but devices, or a file that is no port", () => {
  const ofGroup = (user: string, group: string) =>
    ofDevices({
      gpio: [{ chip: "gpiochip0", names: ["a"], problem: { code: "group", user, group } }],
      allowed: ["gpio"],
    })[0]?.[1] ?? "";
  for (const group of ["sudo", "docker", "disk", "27"]) {
    for (const user of ["pi", "999"]) {
      assertMatch(
        ofGroup(user, group),
        /^group .* is not one for such devices: see 'ls -l \/dev\/gpiochip0'/,
      );
    }
  }
  assertEquals(
    ofGroup("999", "gpio"),
    "SupplementaryGroups=gpio in a drop-in of its service: docs/hardware.md",
  );
  const port = (path: string) => ({ path, links: [], problem: { code: "forbidden" } });
  assertEquals(
    ofDevices({ serial: ["/dev/sda", "/dev/mem", "/dev/tty1"].map(port), allowed: ["serial"] }),
    [],
  );
});

Deno.test("what a service hides is told once for all devices of a kind", () => {
  const i2c = [0, 1].map((bus) => ({ bus, name: "", problem: { code: "forbidden" } }));
  assertEquals(ofDevices({ i2c, allowed: ["i2c"] }).map(([message]) => message), [
    "its agents cannot use /dev/i2c-0, /dev/i2c-1: its service may not open /dev/i2c-0",
  ]);
});

Deno.test("a kind that the policy allows, and that is switched off, is told with how to switch it on", () => {
  const board = "Raspberry Pi 4 Model B Rev 1.4";
  assertEquals(ofDevices({ board, allowed: ["i2c"], i2c: [] }), [[
    "its policy allows I2C, but it has none: not switched on?",
    "sudo raspi-config nonint do_i2c 0, and restart the node",
  ]]);
  assertMatch(
    ofDevices({ board: "QEMU", allowed: ["i2c"], i2c: [] })[0]?.[1] ?? "",
    /^sudo modprobe i2c-dev/,
  );
  assertEquals(ofDevices({ board, allowed: [], i2c: [] }), []);
});

Deno.test("a port that another program has is told, and a console only if an agent has it", () => {
  const port = (more: object) => ({
    serial: [{ path: "/dev/ttyAMA0", links: [], ...more }],
    allowed: ["serial"],
  });
  assertEquals(ofDevices(port({ holder: "meter", problem: { code: "busy" } })), [[
    "its agents cannot use /dev/ttyAMA0: another program has /dev/ttyAMA0 open",
    "find it: sudo fuser -v /dev/ttyAMA0; often it is ModemManager or a getty",
  ]]);
  assertEquals(ofDevices(port({ problem: { code: "console" } })), []);
  assertEquals(ofDevices(port({ holder: "meter", problem: { code: "console" } })).length, 1);
});

Deno.test("a node cannot put words of its own into what a person is told to paste", () => {
  const problem = { code: "group", user: "pi; reboot", group: "gpio" };
  const gpio = [{ chip: "gpiochip0", names: ["GPIO0"], holders: {}, problem }];
  assertEquals(ofDevices({ gpio, allowed: ["gpio"] }), []);
});

Deno.test("where nothing is wrong, nothing is found", () => {
  assertEquals(problems(evidence()), []);
});

const CASES: readonly [what: string, of: Evidence, status: string, words: string][] = [
  [
    "a clock behind",
    evidence({ timestamp: NOW_MS / 1000 - 60 }),
    "failed",
    "its clock is 60 s behind this machine's",
  ],
  ["a clock ahead", evidence({ timestamp: NOW_MS / 1000 + 60 }), "failed", "its clock is 60 s ahead of this"],
  ["another version", evidence({ version: "0.9.0" }), "warning", "runs version 0.9.0, but this is 1.0.0"],
  ["an old deno", evidence({ runtime: "deno 1.46.0" }), "failed", "runs deno 1.46.0"],
  ["lost messages", evidence({ dropped: 3 }), "warning", "has dropped 3 messages"],
  ["a node offline", evidence({ status: "offline" }), "warning", "no node is online"],
  ["no nodes", evidence({}, { nodes: [] }), "warning", "no node has reported yet"],
  ["silence", evidence({}, { silent: ["hall"] }), "failed", "says it is online but does not answer"],
  [
    "two of a name",
    evidence({}, { instances: new Map([["hall", new Set(["a", "b"])]]) }),
    "failed",
    "2 processes",
  ],
  ["two homes", evidence({}, { homes: new Map([["x", new Set(["a", "b"])]]) }), "failed", "runs on a and b"],
  [
    "an untaken spawn",
    evidence({}, { keptSpawns: ["moon"] }),
    "warning",
    "a spawn command waits for it, but no such node",
  ],
  ["a spawn in vain", evidence({}, { keptSpawns: ["hall"] }), "warning", "is retained although it is online"],
  [
    "a stale manifest",
    evidence({}, { keptManifests: [{ agent: "x", node: "hall" }] }),
    "warning",
    "hall does not run it",
  ],
];

for (const [what, of, status, words] of CASES) {
  Deno.test(`${what} is found, with what to do`, () => {
    const [first] = problems(of);
    assertEquals(first?.status, status);
    assertStringIncludes(first?.message ?? "", words);
    assertEquals(typeof first?.advice, "string");
  });
}

Deno.test("the manifest of an agent whose node is off is no leftover", () => {
  assertEquals(problems(evidence({}, { keptManifests: [{ agent: "x", node: "attic" }] })), []);
});

Deno.test("a 32-bit machine is told that there is no deno for it", () => {
  const found = machineFindings("2.9.6", "arm");
  assertStringIncludes(
    found.map(({ message }) => message).join("\n"),
    "32-bit machine, and Deno has no build for it",
  );
  assertEquals(machineFindings("2.9.6", "arm64").map(({ status }) => status), ["ok"]);
  assertEquals(machineFindings("1.40.0", "x64").map(({ status }) => status), ["failed"]);
});
