/** What a deploy does, decided from what shall be and what is there. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256 } from "../../../../protocol/hash.ts";
import { releaseOf, type Wish } from "../../../../operator/deploy/desired.ts";
import type { Observed } from "../../../../operator/deploy/observed.ts";
import { architectureFor, missingGroups, type Plan, planDeploy } from "../../../../operator/deploy/plan.ts";
import { observed, shipment, wish } from "../../../support/deploying.ts";

function plan(wanted: Wish, found: Observed, mayReplace = false): Plan {
  return planDeploy(releaseOf(wanted, found), found, mayReplace);
}

/** A device on which `wanted` is in place, and runs. */
function inPlace(wanted: Wish, more: Partial<Observed> = {}): Observed {
  const { made } = releaseOf(wanted, observed());
  const [unit, launcher] = [sha256(made.unit), sha256(made.launcher)];
  return observed({
    current: "20260101T000000Z",
    files: new Map([
      ["deno", wanted.deno.hash],
      ["agentflow-node.js", wanted.runner.hash],
      ["unit", unit],
      ["launcher", launcher],
      ...wanted.config.map(({ name, hash }) => [`config/${name}`, hash] as const),
    ]),
    unitHash: unit,
    isActive: true,
    isEnabled: true,
    lingers: true,
    ...more,
  });
}

function reason(decided: Plan): string {
  assert(decided.kind === "refuse", `it is ${decided.kind}`);
  return decided.reason;
}

Deno.test("plan for a new device is all of the node", () => {
  assertEquals(plan(wish(), observed()), {
    kind: "install",
    changes: ["runner", "deno", "launcher", "unit and flags"],
    uploads: [shipment("agentflow-node.js"), shipment("deno")],
    previous: undefined,
    lingers: false,
  });
});

Deno.test("plan for a node that is as it shall be is nothing", () => {
  const wanted = wish({ config: [shipment("ca.pem")] });
  assertEquals(plan(wanted, inPlace(wanted)), { kind: "nothing" });
  assertEquals(plan(wanted, inPlace(wanted), true), { kind: "nothing" }, "--upgrade alone is no change");
});

Deno.test("plan for a node that does not run, or would not after a reboot, is to start it", () => {
  assertEquals(plan(wish(), inPlace(wish(), { isActive: false })), { kind: "start", lingers: true });
  assertEquals(plan(wish(), inPlace(wish(), { isEnabled: false })), { kind: "start", lingers: true });
  assertEquals(plan(wish(), inPlace(wish(), { lingers: false })), { kind: "start", lingers: false });
});

Deno.test("plan changes a node that is there only when it may", () => {
  const newer = wish({ runner: shipment("agentflow-node.js", "other") });
  assertMatch(
    reason(plan(newer, inPlace(wish()))),
    /already exists and differs: runner\. --upgrade changes it/,
  );
  const changed = plan(newer, inPlace(wish()), true);
  assert(changed.kind === "install");
  assertEquals(changed.uploads.map(({ name }) => name), ["agentflow-node.js"], "Deno is there already");
  assertEquals(changed.previous, "20260101T000000Z");
});

Deno.test("plan sees every difference: flags, files that are new, changed or left over, and a unit that was edited", () => {
  const differs = (wanted: Wish, found: Observed) =>
    reason(plan(wanted, found)).split("differs: ")[1]?.split(". ")[0];
  const flag = wish({ args: [{ text: "--broker" }, { text: "elsewhere" }] });
  assertEquals(differs(flag, inPlace(wish())), "unit and flags");
  const withCa = wish({ config: [shipment("ca.pem")] });
  assertEquals(differs(wish({ config: [shipment("ca.pem", "other")] }), inPlace(withCa)), "ca.pem");
  assertEquals(differs(wish(), inPlace(withCa)), "ca.pem");
  assertEquals(differs(wish(), inPlace(wish(), { unitHash: "edited" })), "unit and flags");
});

Deno.test("plan uploads only what is not there, of whatever node it is", () => {
  const decided = plan(wish(), observed({ blobs: new Set(["hash-of-deno"]) }));
  assert(decided.kind === "install");
  assertEquals(decided.uploads.map(({ name }) => name), ["agentflow-node.js"]);
});

Deno.test("plan refuses what would end badly, and says what to do", () => {
  const system = wish({ scope: "system" });
  assertMatch(
    reason(plan(system, observed({ canBeRoot: false }))),
    /--system needs sudo without a password for pi/,
  );
  assertMatch(
    reason(plan(wish(), observed({ isInOtherScope: true }))),
    /service of the system: give --system/,
  );
  assertMatch(
    reason(plan(wish(), observed({ managerProblem: "No medium found" }))),
    /loginctl enable-linger pi/,
  );
  assertMatch(
    reason(plan(wish(), observed({ freeBytes: 1024 }))),
    /only 1 MiB are free in \/home\/pi: 34 are needed/,
  );
});

Deno.test("machines that Deno has no build for are refused by what they are", () => {
  const problem = (more: Partial<Observed>) => {
    const found = architectureFor(observed(more));
    return "problem" in found ? found.problem : found.architecture;
  };
  assertEquals(problem({}), "aarch64");
  assertEquals(problem({ machine: "x86_64" }), "x86_64");
  for (const machine of ["armv6l", "armv7l"]) {
    assertMatch(problem({ machine }), /32-bit ARM .* no build for: install a 64-bit/);
  }
  assertMatch(problem({ bits: 32 }), /32-bit ARM \(aarch64\)/);
  assertMatch(problem({ machine: "riscv64" }), /no build for its processor \(riscv64\)/);
  assertMatch(problem({ machine: "i686" }), /no build for its processor \(i686\)/);
  assertMatch(problem({ libc: "musl libc (aarch64)" }), /its C library is musl libc/);
  assertMatch(problem({ libc: "glibc 2.24" }), /too old: Deno's build needs glibc 2\.27/);
  assertMatch(problem({ system: "Darwin" }), /it runs Darwin/);
  assertMatch(problem({ hasSystemd: false }), /no systemd/);
  assertMatch(problem({ missingTools: ["tar"] }), /it lacks tar/);
});

Deno.test("unit names files by where they are on the device", () => {
  const args = [{ text: "--ca" }, { file: "ca.pem" }];
  const { made: { unit } } = releaseOf(wish({ args, config: [shipment("ca.pem")] }), observed());
  assertMatch(unit, / --ca \/home\/pi\/agentflow\/nodes\/kitchen\/current\/config\/ca\.pem$/m);
  assertMatch(
    unit,
    /^ExecStart=\/home\/pi\/agentflow\/nodes\/kitchen\/bin\/agentflow-node --name kitchen /m,
  );
});

Deno.test("unit of the system has the groups that exist there; a user's own needs the user to be in them", () => {
  const devices = { allow: ["char-gpiochip", "char-spi"], groups: ["gpio", "spi"] };
  const { made: { unit } } = releaseOf(wish({ scope: "system", devices }), observed());
  assertMatch(unit, /^DeviceAllow=char-gpiochip rw\nDeviceAllow=char-spi rw\nSupplementaryGroups=gpio$/m);
  assertMatch(
    missingGroups(wish({ devices }), observed()) ?? "",
    /user pi is not in group gpio: .*usermod -aG gpio pi/,
  );
  assertEquals(missingGroups(wish({ devices }), observed({ ownGroups: ["pi", "gpio"] })), undefined);
  assertEquals(missingGroups(wish({ devices, scope: "system" }), observed()), undefined);
});
