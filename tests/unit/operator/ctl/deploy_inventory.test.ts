/** Which flags of `agentflow deploy` go with an inventory, and which without. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ctlHere } from "../../../support/ctl_here.ts";

Deno.test("what is for one device does not go with an inventory, and the reverse", async () => {
  const folder = await Deno.makeTempDir();
  await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const file = `${folder}/devices.json`;
  await Deno.writeTextFile(file, JSON.stringify({ devices: [{ name: "hall", host: "hall.lan" }] }));
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [[], "Name the node, or the devices by --inventory"],
    [["hall", "--to", "x", "--waves", "rest"], "--waves goes with --inventory"],
    [["hall", "--to", "x", "--max-failures", "1"], "--max-failures goes with --inventory"],
    [["hall", "--to", "x", "-l", "a=b"], "--selector goes with --inventory"],
    [["--inventory", file, "--to", "x"], "--to is for one device"],
    [["--inventory", file, "--uninstall"], "--uninstall is for one device"],
    [["--inventory", file, "--", "--outbox=disk"], "flags of the runner are options of its devices"],
    [["--inventory", file, "hal"], "has no device 'hal'"],
    [["--inventory", `${folder}/none.json`], "--inventory: cannot read"],
  ];
  for (const [args, message] of wrong) {
    // Flags of the runner come last.
    const end = args.indexOf("--");
    const [own, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end)];
    const { code, stderr } = await ctlHere(1, "deploy", ...own, "--runner", "x", ...rest);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, message);
  }
});
