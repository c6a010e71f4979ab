/** What `agentflow deploy` is asked for. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import {
  type DeployOptions,
  OWN_FLAGS,
  PASSED_FLAGS,
  readDeploy,
} from "../../../../operator/deploy/options.ts";

const BASE = ["kitchen", "--to", "pi@192.168.1.52", "--broker", "192.168.1.10"];
const FLAGS = [...Object.values(OWN_FLAGS), ...PASSED_FLAGS];

function options(...args: string[]): DeployOptions {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const given = parseArgs(args.slice(0, end), {
    string: FLAGS.filter((flag) => "value" in flag).map(({ name }) => name),
    boolean: FLAGS.filter((flag) => !("value" in flag)).map(({ name }) => name),
  });
  const valueOf = ({ name }: { readonly name: string }) => {
    const value = given[name];
    return typeof value === "string" || typeof value === "boolean" ? value : undefined;
  };
  return readDeploy(String(given._[0] ?? ""), args.slice(end + 1), valueOf);
}

function refuses(message: string, ...args: string[]): void {
  assertThrows(() => options(...args), ConfigError, message);
}

Deno.test("deploy takes a node, a device and a broker", () => {
  const { node, destination, scope, action, flags } = options(...BASE);
  assertEquals([node, destination, scope, action], ["kitchen", "pi@192.168.1.52", "user", "deploy"]);
  assertEquals(flags.args, [{ text: "--broker" }, { text: "192.168.1.10" }]);
});

Deno.test("deploy sends the files of the runner's flags, and their names on the device as values", () => {
  const { flags } = options(...BASE, "--policy", "p.json", "--", "--heap-mb=64", "--secrets", "s.json");
  assertEquals(flags.args.slice(2), [
    { text: "--policy" },
    { file: "policy.json" },
    { text: "--heap-mb" },
    { text: "64" },
    { text: "--secrets" },
    { file: "secrets.json" },
  ]);
  assertEquals(flags.files.map(({ name, source }) => `${source} → ${name}`), [
    "p.json → policy.json",
    "s.json → secrets.json",
  ]);
});

Deno.test("deploy refuses what the runner would refuse on the device", () => {
  refuses("--heap-mb must be a whole number", ...BASE, "--", "--heap-mb", "much");
  refuses("unknown argument '--nonsense'", ...BASE, "--", "--nonsense");
  refuses("--ca needs a mqtts:// or wss:// URL", ...BASE, "--ca", "ca.pem");
  refuses(
    "credentials do not belong on the command line",
    ...BASE.slice(0, 3),
    "--broker",
    "mqtt://me:pw@host",
  );
});

Deno.test("deploy refuses flags that it sets itself", () => {
  refuses("--name cannot be set for a deployed node", ...BASE, "--", "--name", "other");
  refuses("--state-dir cannot be set", ...BASE, "--", "--state-dir", "/tmp");
  refuses("--test cannot be set", ...BASE, "--", "--test");
  refuses("--help cannot be set", ...BASE, "--", "--help");
});

Deno.test("deploy says what is missing or cannot be", () => {
  refuses("the node's name must be", "a/b", ...BASE.slice(1));
  refuses("--to is missing", "kitchen", "--broker", "b");
  refuses("--broker is missing", "kitchen", "--to", "pi@host");
  refuses("--purge goes with --uninstall", ...BASE, "--purge");
  refuses("--dry-run does not go with --uninstall", ...BASE, "--uninstall", "--dry-run");
  refuses("--timeout must be a number", ...BASE, "--timeout", "soon");
});

Deno.test("deploy never hands ssh a destination that it would take for an option", () => {
  for (const to of ["-oProxyCommand=sh", "pi host", "pi@host\n-x"]) {
    refuses("the device must be like pi@192.168.1.52", "kitchen", `--to=${to}`, "--broker", "b");
  }
});

Deno.test("--uninstall needs no broker", () => {
  const { action, purge } = options("kitchen", "--to", "pi@host", "--uninstall", "--purge");
  assertEquals([action, purge], ["uninstall", true]);
});
