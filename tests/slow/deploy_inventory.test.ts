/** `agentflow deploy --inventory` against two real sshds on loopback. The service managers are stand-ins. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctl } from "../support/ctl.ts";
import { needing } from "../support/programs.ts";
import { ofWhom, OPENSSH, SshDevice } from "../support/ssh_device.ts";

const NODES = ["hall", "attic"];

Deno.test({
  ...needing(OPENSSH, `an inventory is deployed in waves, resumed, and taken back${ofWhom}`),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-inventory-" });
    await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
    const runner = join(folder, "agentflow-node.js");
    await bundleRunner(runner);
    const good = await Deno.readTextFile(runner);
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await using parts = new AsyncDisposableStack();
    const devices = [parts.use(await SshDevice.start()), parts.use(await SshDevice.start())];
    // In place of Deno: small, so that it is there at once.
    const deno = join(folder, "deno");
    await Deno.writeTextFile(deno, `#!/bin/sh\nexec ${devices[0]?.deno} "$@"\n`, { mode: 0o755 });
    const address = `127.0.0.1:${broker.port}`;
    const file = join(folder, "devices.json");
    const write = async (more: Readonly<Record<string, unknown>> = {}) => {
      const entries = devices.map(({ destination, sshConfig }, index) => ({
        name: NODES[index],
        host: destination,
        labels: { floor: String(index) },
        options: { ssh_config: sshConfig },
      }));
      const options = { broker: address, via: address, timeout: 40, ...more };
      await Deno.writeTextFile(file, JSON.stringify({ options, devices: entries }));
    };
    const deploy = async (...args: string[]) => {
      const flags = ["--inventory", file, "--runner", runner, "--deno-file", deno, "--json"];
      const { code, stdout, stderr } = await ctl(["deploy", ...flags, ...args], {
        env: { XDG_CACHE_HOME: folder },
      });
      return { code, json: JSON.parse(stdout || "null"), said: `${stderr}${stdout}` };
    };
    const releases = () =>
      devices.map((device, index) => {
        const home = `${device.home}/agentflow/nodes/${NODES[index]}`;
        return Deno.readLinkSync(`${home}/current`).split("/").at(-1);
      });

    await write();
    const dry = await deploy("--dry-run");
    assertEquals(dry.json.devices.map(({ node, look }: Record<string, string>) => [node, look]), [
      ["hall", "differs"],
      ["attic", "differs"],
    ], dry.said);
    // Only one of them: as if the operator's machine had died after the first wave.
    const first = await deploy("-l", "floor=0");
    assertEquals([first.code, first.json.phase, first.json.changed], [0, "done", ["hall"]], first.said);
    const { json: beat } = await bus.on("nodes/hall/heartbeat");
    assertEquals(beat.labels, { floor: "0" });
    const rest = await deploy("--waves", "1,rest", "--soak", "1");
    assertEquals([rest.code, rest.json.phase, rest.json.waves], [0, "done", [["attic"]]], rest.said);
    const again = await deploy();
    assertEquals([again.code, again.json], [0, { ok: true, devices: [] }]);
    const before = releases();

    await write({ loglevel: "DEBUG" });
    const refused = await deploy();
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.said, "No device has been changed");
    // It comes up, and ends during its soak: the wave goes back, and the other device is not touched.
    const ends = `if (!Deno.args.includes("--test")) setTimeout(() => Deno.exit(3), 8000);\n${good}`;
    await Deno.writeTextFile(runner, ends);
    const waves = ["--upgrade", "--waves", "1,rest", "--soak", "15", "--on-failure", "rollback"];
    const back = await deploy(...waves);
    assertEquals([back.code, back.json.phase, back.json.changed], [1, "rolled_back", ["attic"]], back.said);
    assertEquals(Object.keys(back.json.failures), ["attic"]);
    assertEquals(releases(), before);

    await Deno.writeTextFile(runner, good);
    const both = await deploy("--upgrade");
    assertEquals([both.code, both.json.changed.toSorted()], [0, ["attic", "hall"]], both.said);
    assertEquals(releases().every((release, index) => release !== before[index]), true);
    // One that cannot be reached waits; it does not hold the others up.
    await Deno.writeTextFile(devices[0]?.authorizedKeys ?? "", "");
    await write();
    const off = await deploy("--upgrade");
    assertEquals([off.code, off.json.changed.includes("attic"), Object.keys(off.json.pending)], [5, true, [
      "hall",
    ]]);
  },
});
