/** A node that `agentflow deploy` brings to the guest, as a service of its user or of its system, until it is gone again. */
import { join } from "@std/path";
import { ctl } from "../support/ctl.ts";
import { Commander, keyFileText, newKey } from "../support/signing.ts";
import { COUNTER, expect, type Stage } from "./stage.ts";

/** Seconds that a runner has under emulation. */
const TIMEOUT = "180";
const BROKEN = `if (!Deno.args.includes("--test")) Deno.exit(7);\n`;

export async function deployedUnit(
  stage: Stage,
  scope: "user" | "system",
  folder: string,
  runner: string,
): Promise<void> {
  const { guest, bus, broker } = stage;
  const node = `of-${scope}`;
  const agent = `counter-${scope}`;
  const counts = `counts/${agent}`;
  const unit = `agentflow-${node}.service`;
  const flag = scope === "user" ? "--user" : "";
  const systemctl = scope === "user" ? "systemctl --user" : "sudo systemctl";
  const journal = `${scope === "user" ? "journalctl --user" : "sudo journalctl"} -u ${unit} -o cat`;
  const pids = `pgrep -f '[a]gentflow-node.js --name ${node}'`;
  const key = await newKey("owner");
  const file = async (name: string, text: string) => {
    await Deno.writeTextFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const trust = await file(`trust-${scope}.json`, keyFileText([{ key }]));
  const signKey = await file(`key-${scope}.json`, JSON.stringify(key));
  const source = await Deno.readTextFile(runner);
  const via = `127.0.0.1:${broker.port}`;
  const target = ["--to", guest.destination, "--ssh-config", guest.sshConfig];
  if (scope === "system") target.push("--system");
  const deploy = async (code: number, says: RegExp, from: string, ...more: string[]) => {
    const { code: ended, stdout, stderr } = await ctl([
      ...["deploy", node, ...target, "--broker", stage.brokerFromGuest, "--via", via, "--trust", trust],
      ...["--runner", from, "--timeout", TIMEOUT, ...more, "--", "--outbox", "disk"],
    ]);
    expect("deploy", `exit code ${ended}\n${stderr}${stdout}`, new RegExp(`^exit code ${code}\n`));
    expect("deploy", stderr + stdout, says);
  };
  const upgrade = async (code: number, says: RegExp, from: string) => {
    const address = ["--broker", "127.0.0.1", "--port", String(broker.port), "--sign-key", signKey];
    const { code: ended, stdout, stderr } = await ctl([
      ...["upgrade", node, ...address, "--trial", "120", "--timeout", "400", "--runner", from],
    ]);
    expect("upgrade", `exit code ${ended}\n${stderr}${stdout}`, new RegExp(`^exit code ${code}\n`));
    expect("upgrade", stderr + stdout, says);
  };
  const instance = async () => (await stage.beat(node)).json.instance;
  /** The agent counts on from where it was. */
  const goesOn = async (action: () => Promise<unknown>, hasNewProcess = true) => {
    const old = await instance();
    const last = (await stage.next(counts)).json;
    await action();
    await stage.beat(node, [agent], hasNewProcess ? old : undefined);
    await stage.next(counts, ({ json }) => json > last);
    if (!hasNewProcess && await instance() !== old) throw new Error("the node has been started again");
  };
  const law = (text: string, action: () => Promise<string | void>): Promise<boolean> =>
    stage.check(`${scope} unit: ${text}`, action);

  const isUp = await law("deploy installs and starts it, and hears its heartbeat", async () => {
    await deploy(0, /Self-test: \d+ passed, 0 failed[^]*is installed on guest/, runner);
    expect("state", await guest.sh(`${systemctl} is-active ${unit}`), /^active$/);
    expect("status", await guest.sh(`${systemctl} show -P StatusText ${unit}`), /Uses the broker/);
    expect(
      "linger",
      await guest.sh("loginctl show-user pi -P Linger 2>/dev/null || echo no"),
      scope === "user" ? /^yes$/ : /./,
    );
    return /Overall exposure level.*: (.*) /.exec(
      await guest.sh(`systemd-analyze ${flag} security ${unit} --no-pager`),
    )?.[1];
  });
  if (!isUp) return;
  await law("agent runs, held by cgroup v2", async () => {
    const boss = new Commander(bus, key);
    await boss.order(`nodes/${node}/spawn`, { name: agent, code: COUNTER, poll_interval: 0.5 });
    await stage.next(counts, ({ json }) => json >= 3);
    expect("journal", await guest.sh(journal), /Limits are enforced by cgroup v2: cpu, memory, pids/);
  });
  await law(
    "second deploy changes nothing",
    () => goesOn(() => deploy(0, /Nothing to change/, runner), false),
  );
  const second = await file("second.js", `${source}\n// second`);
  await law(
    "--upgrade brings another runner, and keeps the agents",
    () => goesOn(() => deploy(0, /Switching over[^]*is upgraded/, second, "--upgrade")),
  );
  const broken = await file("broken.js", BROKEN + source);
  await law(
    "--upgrade with a runner that does not start goes back",
    () => goesOn(() => deploy(1, /does not come up: rolling back[^]*is running again/, broken, "--upgrade")),
  );
  await law("upgrade over the bus takes a healthy runner", async () => {
    const third = await file("third.js", `${source}\n// third`);
    await goesOn(() => upgrade(0, /has been upgraded/, third));
  });
  await law(
    "upgrade over the bus takes a broken runner back",
    () => goesOn(() => upgrade(1, /ended with exit code 7/, broken)),
  );
  await law("runner that hangs is ended by the watchdog, and started again", async () => {
    const at = scope === "user" ? `~/.config/systemd/user/${unit}.d` : `/etc/systemd/system/${unit}.d`;
    const sudo = scope === "user" ? "" : "sudo";
    await guest.sh(
      `${sudo} mkdir -p ${at} && printf '[Service]\\nWatchdogSec=15\\n' | ${sudo} tee ${at}/test.conf`,
    );
    await guest.sh(`${systemctl} daemon-reload && ${systemctl} restart ${unit}`);
    await goesOn(() => guest.sh(`sudo kill -STOP $(${pids})`));
    expect("journal", await guest.sh(journal), /Watchdog timeout/);
    await guest.sh(`${sudo} rm -r ${at} && ${systemctl} daemon-reload && ${systemctl} restart ${unit}`);
  });
  await law(
    "runner that is killed is started again",
    () => goesOn(() => guest.sh(`sudo kill -KILL $(${pids})`)),
  );
  await law("comes back with its agents after a reboot", () => goesOn(() => guest.reboot()));
  await law("comes back with its agents after a power cut", () =>
    goesOn(async () => {
      await guest.cutPower();
      await guest.boot();
    }));
  await law("--uninstall --purge leaves nothing", async () => {
    const { code, stdout, stderr } = await ctl(["deploy", node, ...target, "--uninstall", "--purge"]);
    expect("uninstall", `${code} ${stderr}${stdout}`, /^0 .*is gone/s);
    const left =
      `${systemctl} list-units --all --plain --no-legend 'agentflow*'; ls -d ~/agentflow 2>/dev/null; ` +
      `ls ~/.config/systemd/user/agentflow* /etc/systemd/system/agentflow* ~/.config/systemd/user/*/agentflow* ` +
      `/etc/systemd/system/*/agentflow* 2>/dev/null; pgrep -af '[a]gentflow-node'; true`;
    expect("what is left", await guest.sh(left), /^$/);
  });
}
