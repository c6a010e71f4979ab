/** The unit of a deployed node, made from that of the archive. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { renderUnit, type UnitScope } from "../../../../operator/release/unit.ts";

const USER: UnitScope = { kind: "user" };
const NOTHING = { allow: [], groups: [] };
const SYSTEM: UnitScope = {
  kind: "system",
  user: "pi",
  writable: "/home/pi/agentflow/nodes/kitchen",
  devices: NOTHING,
};

function unit(scope: UnitScope, more: Partial<Parameters<typeof renderUnit>[0]> = {}): string[] {
  const spec = { description: "AgentFlow node 'kitchen'", command: ["/bin/deno"], environment: {}, scope };
  return renderUnit({ ...spec, ...more }).split("\n");
}

Deno.test("unit of a user has nothing that the user's service manager lacks the privileges for", () => {
  const lines = unit(USER);
  for (
    const key of ["CapabilityBoundingSet", "ProtectSystem", "PrivateTmp", "User", "DynamicUser", "After"]
  ) {
    assertEquals(lines.filter((line) => line.startsWith(`${key}=`)), [], key);
  }
  assert(lines.includes("NoNewPrivileges=yes") && lines.includes("SystemCallFilter=@system-service"));
  assert(lines.includes("WantedBy=default.target"));
});

Deno.test("unit of the system runs as the user, who may write to the node's folder alone", () => {
  const lines = unit(SYSTEM);
  const wanted = ["User=pi", "ProtectSystem=strict", "ProtectHome=read-only", "WantedBy=multi-user.target"];
  for (const line of [...wanted, "ReadWritePaths=/home/pi/agentflow/nodes/kitchen"]) {
    assert(lines.includes(line), line);
  }
});

Deno.test("unit of either kind stays stopped after a clean end, and is watched", () => {
  for (const lines of [unit(USER), unit(SYSTEM)]) {
    for (
      const line of ["Restart=on-failure", "RestartPreventExitStatus=2 3", "Type=notify", "WatchdogSec=60"]
    ) {
      assert(lines.includes(line), line);
    }
    assertEquals(lines.filter((line) => line.startsWith("EnvironmentFile")), []);
  }
});

Deno.test("unit quotes what systemd would take for something else", () => {
  const lines = unit(USER, { command: ["/bin/deno", "a b", "50%", "$HOME", 'say "x"', "back\\slash"] });
  assert(
    lines.includes(String.raw`ExecStart=/bin/deno "a b" 50%% $$HOME "say \"x\"" "back\\slash"`),
    lines.join("\n"),
  );
  assert(unit(USER, { environment: { TOKEN: "a $b" } }).includes('Environment="TOKEN=a $b"'));
});

Deno.test("no line of a unit is two, whatever comes into it", () => {
  const evil = "x\nExecStartPre=/bin/id\r[Service]\u0085\x00";
  const plain = unit(USER, {}).length;
  const lines = unit(USER, { command: ["/bin/deno", "--broker", evil], environment: { [evil]: evil } });
  // The one line more is that of the environment.
  assertEquals(lines.flatMap((line) => line.split(/[\r\n\u0085\0]/)).length, plain + 1);
  assertEquals(lines.some((line) => /^(ExecStartPre|\[Service\].)/.test(line)), false);
  assert(
    lines.includes(String.raw`ExecStart=/bin/deno --broker "x\x0aExecStartPre=/bin/id\x0d[Service]\x85\x00"`),
    lines.join("\n"),
  );
  const user = {
    kind: "system",
    user: "pi\nExecStartPre=/bin/id",
    writable: "/x",
    devices: NOTHING,
  } as const;
  assertThrows(() => unit(user, {}), ConfigError, "a unit cannot hold control characters");
  assertThrows(() => unit(USER, { description: evil }), ConfigError, "a unit cannot hold control characters");
});

Deno.test("unit of the system lets its agents have the devices of the policy, and no more", () => {
  const about = (lines: readonly string[]) =>
    lines.filter((line) => /^(?:PrivateDevices|DevicePolicy|DeviceAllow|SupplementaryGroups)=/.test(line));
  assertEquals(about(unit(SYSTEM)), ["PrivateDevices=yes", "DevicePolicy=closed"]);
  const devices = { allow: ["/dev/i2c-1", "char-ttyUSB"], groups: ["dialout", "i2c"] };
  assertEquals(about(unit({ ...SYSTEM, devices })), [
    "DeviceAllow=/dev/i2c-1 rw",
    "DeviceAllow=char-ttyUSB rw",
    "SupplementaryGroups=dialout i2c",
    "PrivateDevices=no",
    "DevicePolicy=closed",
  ]);
});

Deno.test("a service may write to /sys where its policy allows PWM channels, and not elsewhere", () => {
  const about = (devices: { allow: string[]; groups: string[]; writesSys?: true }) =>
    unit({ ...SYSTEM, devices }).filter((line) => line.startsWith("ProtectKernelTunables="));
  assertEquals(about(NOTHING), ["ProtectKernelTunables=yes"]);
  assertEquals(about({ allow: [], groups: ["gpio"], writesSys: true }), ["ProtectKernelTunables=no"]);
});
