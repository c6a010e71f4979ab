/** The command line of `agentflow deploy`. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../bus/config_error.ts";
import { deployHelp, type DeployOptions, parseDeploy } from "../../../../ctl/deploy/options.ts";

const BASE = ["kitchen", "--to", "pi@192.168.1.52", "--broker", "192.168.1.10"];

function options(...args: string[]): DeployOptions {
  const request = parseDeploy(args);
  assert(request.kind === "run");
  return request.options;
}

function refuses(message: string, ...args: string[]): void {
  assertThrows(() => parseDeploy(args), ConfigError, message);
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
  refuses("--name is no flag for a node that is deployed", ...BASE, "--", "--name", "other");
  refuses("--state-dir is no flag", ...BASE, "--", "--state-dir", "/tmp");
  refuses("--test is no flag", ...BASE, "--", "--test");
  refuses("--help is no flag", ...BASE, "--", "--help");
});

Deno.test("deploy says what is missing or cannot be", () => {
  refuses("say which node", "--to", "pi@host", "--broker", "b");
  refuses("one node at a time: what is 'garage'?", ...BASE, "garage");
  refuses("the node's name must be", "a/b", ...BASE.slice(1));
  refuses("--to is missing", "kitchen", "--broker", "b");
  refuses("--broker is missing", "kitchen", "--to", "pi@host");
  refuses("--purge goes with --uninstall", ...BASE, "--purge");
  refuses("unknown argument '--upgarde'", ...BASE, "--upgarde");
  refuses("--timeout must be a number", ...BASE, "--timeout", "soon");
});

Deno.test("deploy never hands ssh a destination that it would take for an option", () => {
  for (const to of ["-oProxyCommand=sh", "pi host", "pi@host\n-x"]) {
    refuses("--to must be like pi@192.168.1.52", "kitchen", `--to=${to}`, "--broker", "b");
  }
});

Deno.test("--uninstall needs no broker, and --help nothing at all", () => {
  assertEquals(options("kitchen", "--to", "pi@host", "--uninstall", "--purge").action, "uninstall");
  assertEquals(parseDeploy(["--help"]), { kind: "help" });
  for (const flag of ["--to USER@HOST", "--upgrade", "--uninstall", "--policy FILE"]) {
    assert(deployHelp().includes(`  ${flag} `), flag);
  }
});
