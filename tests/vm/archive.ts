/** The unit of `scripts/`, installed by hand as the archive's README says, with a node that systemd starts and ends. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { actorId } from "../../protocol/ids.ts";
import { COUNTER, expect, type Stage } from "./stage.ts";

const NODE = "kitchen";
const UNIT = "agentflow-node";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const POLICY = `{"agents":{"busy":{"cpu_percent":20},"hungry":{"memory_mb":150}}}`;
const BUSY = `export function process() {
  for (const endMs = performance.now() + 500; performance.now() < endMs;);
}`;
/** Faster than the node looks: only its group can hold it. */
const HUNGRY = `export async function process(agent) {
  await agent.publish("hungry", 1);
  for (const kept = [];;) kept.push(new Uint8Array(64 * 1024 * 1024).fill(1));
}`;
const PYTHON = `async def process(agent):
    count = agent.recall("count", 0) + 1
    agent.persist("count", count)
    await agent.publish("counts/snake", count)
`;
const CREDENTIAL = "LoadCredential=password:/etc/agentflow/password\\n" +
  'Environment="AGENTFLOW_PASSWORD_FLAGS=--password-file %%d/password"';
const GROUPS = `/sys/fs/cgroup/system.slice/${UNIT}.service`;

/** @param runner the bundle @param python a work folder's `python`, as a node has fetched it */
export async function archiveUnit(stage: Stage, runner: string, python: string | undefined): Promise<void> {
  const { guest, bus } = stage;
  const check = (law: string, action: () => Promise<string | void>) =>
    stage.check(`unit by hand: ${law}`, action);
  const show = (property: string) => guest.sh(`systemctl show -P ${property} ${UNIT}`);
  const dropIn = async (text: string) => {
    const folder = `/etc/systemd/system/${UNIT}.service.d`;
    await guest.sh(
      `sudo mkdir -p ${folder} && printf '[Service]\\n${text}\\n' | sudo tee ${folder}/test.conf`,
    );
    await guest.sh("sudo systemctl daemon-reload");
  };

  const isUp = await check("starts, and says READY", async () => {
    await guest.put("/opt/agentflow", {
      deno: Deno.execPath(),
      "agentflow-node.js": runner,
      "README.md": join(ROOT, "scripts/release/README.md"),
    });
    await guest.put("/etc/systemd/system", { [`${UNIT}.service`]: join(ROOT, `scripts/${UNIT}.service`) });
    const env =
      `AGENTFLOW_BROKER=${stage.brokerFromGuest}\\nAGENTFLOW_NODE=${NODE}\\nAGENTFLOW_USERNAME=${NODE}\\n` +
      "AGENTFLOW_FLAGS=--policy /etc/agentflow/policy.json --outbox disk\\n";
    await guest.sh(`sudo mkdir -p /etc/agentflow && printf '${env}' | sudo tee /etc/agentflow/node.env`);
    // As the unit's comments have it: its password is one that only the node can read.
    await guest.sh("echo secret-enough | sudo install -m 600 /dev/stdin /etc/agentflow/password");
    await dropIn(CREDENTIAL);
    await guest.sh(`echo '${POLICY}' | sudo tee /etc/agentflow/policy.json`);
    await guest.sh(`sudo systemctl daemon-reload && sudo systemctl enable ${UNIT}`);
    await guest.sh(`sudo systemctl start ${UNIT} || { sudo journalctl -u ${UNIT} -o cat >&2; exit 1; }`);
    expect("state", await show("ActiveState"), /^active$/);
    expect("status", await show("StatusText"), /Uses the broker at/);
    expect(
      "flags",
      await guest.sh(`tr '\\0' ' ' </proc/$(systemctl show -P MainPID ${UNIT})/cmdline`),
      /--password-file/,
    );
    await stage.beat(NODE);
  });
  if (!isUp) return;
  await check(
    "systemd's own judgement of it",
    async () =>
      /Overall exposure level.*: (.*) /.exec(await guest.sh(`systemd-analyze security ${UNIT} --no-pager`))
        ?.[1],
  );
  await check("agent in TypeScript runs, gives way (nice), and keeps its state in /var/lib", async () => {
    await stage.spawn(NODE, { name: "counter", code: COUNTER, poll_interval: 0.5 });
    await stage.next("counts/counter", ({ json }) => json >= 2);
    expect("nice", await guest.sh("ps -eo ni,args | grep '[h]arness/main'"), /^\s*5 /);
    await guest.sh("sudo test -s /var/lib/agentflow/agentflow_counter_state.json");
  });
  if (python !== undefined) {
    await check("agent in Python runs", async () => {
      await guest.put("/var/cache/private/agentflow", { python });
      const cache = "/var/cache/private/agentflow";
      await guest.sh(`sudo chown -R $(sudo stat -c %u:%g ${cache}) ${cache}/python`);
      await stage.spawn(NODE, { name: "snake", code: PYTHON, language: "python", poll_interval: 1 });
      await stage.next("counts/snake", ({ json }) => json >= 2);
      await bus.publish(`nodes/${NODE}/stop`, { name: "snake" });
    });
  }
  await check("cpu_percent holds a busy agent in its group", async () => {
    await stage.spawn(NODE, { name: "busy", code: BUSY, poll_interval: 0.01 });
    expect(
      "cpu.max",
      await guest.sh(`sudo cat ${GROUPS}/agentflow-agents/agent-busy/cpu.max`),
      /^20000 100000$/,
    );
    expect(
      "memory.max",
      await guest.sh(`sudo cat ${GROUPS}/agentflow-agents/agent-busy/memory.max`),
      /^335544320$/,
    );
    const sample = async () => {
      const usage = await guest.sh(`sudo cat ${GROUPS}/agentflow-agents/agent-busy/cpu.stat /proc/uptime`);
      const [, usec, seconds] = /usage_usec (\d+)[^]*\n([\d.]+) [\d.]+$/.exec(usage) ?? [];
      return { usec: Number(usec), seconds: Number(seconds) };
    };
    const before = await sample();
    await guest.sh("sleep 10");
    const after = await sample();
    const percent = (after.usec - before.usec) / 10_000 / (after.seconds - before.seconds);
    if (!(percent > 10 && percent < 23)) throw new Error(`it used ${percent.toFixed(1)} % of a core`);
    await bus.publish(`nodes/${NODE}/stop`, { name: "busy" });
    return `${percent.toFixed(1)} % of a core, 20 % allowed`;
  });
  await check("agent that takes all memory at once is ended alone, and restarted", async () => {
    const { json: { instance } } = await stage.beat(NODE);
    const from = bus.mark();
    await bus.publish(`nodes/${NODE}/spawn`, {
      name: "hungry",
      code: HUNGRY,
      restart_delay: 1,
      max_restarts: 1,
    });
    const errors = `agents/${actorId("hungry")}/errors`;
    const { json } = await bus.find(
      "end of it",
      ({ topic, json }) => topic === errors && json.severity === "fatal",
      from,
      180_000,
    );
    const beat = await stage.beat(NODE, ["counter"]);
    if (beat.json.instance !== instance) throw new Error("the node has been restarted");
    return json.error;
  });
  await check("journald has the node's log", async () => {
    expect(
      "journal",
      await guest.sh(`sudo journalctl -u ${UNIT} -o cat`),
      /Limits are enforced by cgroup v2: cpu, memory, pids/,
    );
    expect("priority", await guest.sh(`sudo journalctl -u ${UNIT} -o cat -p warning`), /hungry/);
  });
  await check("runner that hangs is ended by the watchdog and started again, with its agents", async () => {
    await dropIn(`${CREDENTIAL}\\nWatchdogSec=15`);
    await guest.sh(`sudo systemctl restart ${UNIT}`);
    const { json: { instance } } = await stage.beat(NODE, ["counter"]);
    await guest.sh(`sudo kill -STOP $(systemctl show -P MainPID ${UNIT})`);
    await stage.beat(NODE, ["counter"], instance);
    expect("journal", await guest.sh(`sudo journalctl -u ${UNIT} -o cat`), /Watchdog timeout/);
  });
  await check("runner that is killed is started again, with its agents", async () => {
    const { json: { instance } } = await stage.beat(NODE);
    await guest.sh(`sudo systemctl kill --kill-whom=main -s KILL ${UNIT}`);
    await stage.beat(NODE, ["counter"], instance);
    expect("agents of the one before", await guest.sh("pgrep -fc '[h]arness/main'"), /^1$/);
  });
  await check("power cut in an outage of the broker loses nothing with --outbox disk", async () => {
    const last = (await stage.next("counts/counter")).json;
    await stage.broker.kill();
    await stage.until(
      `sudo cat /var/lib/agentflow/agentflow_counter_state.json`,
      new RegExp(`"count":(?!${last}\\b)\\d+`),
    );
    const stateOf = async () =>
      JSON.parse(await guest.sh("sudo cat /var/lib/agentflow/agentflow_counter_state.json"));
    const { count } = await stateOf();
    await guest.cutPower();
    await guest.boot();
    await stage.broker.restart();
    await bus.reconnected();
    await stage.next("counts/counter", ({ json }) => json > count + 1);
    const seen = new Set(bus.all("counts/counter").map(({ json }) => json));
    const lost = Array.from({ length: count - last }, (_, at) => last + 1 + at).filter((n) => !seen.has(n));
    if (lost.length > 0) throw new Error(`lost: ${lost.join(", ")} of ${last + 1} to ${count}`);
    return `${count - last} messages of the outage, all there`;
  });
  await check("node that is stopped over the bus stays stopped", async () => {
    await bus.publish(`nodes/${NODE}/stop_all`, {});
    await stage.until(`systemctl is-active ${UNIT}`, /^inactive$/);
    expect("result", await show("Result"), /^success$/);
    await guest.sh(`sleep 7; test "$(systemctl is-active ${UNIT})" = inactive`);
  });
  await check("start that cannot succeed is not tried again, one that might is tried for ever", async () => {
    await dropIn(
      "ExecStart=\\nExecStart=/opt/agentflow/deno run -A /opt/agentflow/agentflow-node.js --no-such-flag",
    );
    await guest.sh(`sudo systemctl start ${UNIT} || true`);
    expect("state", `${await show("ActiveState")} ${await show("NRestarts")}`, /^failed 0$/);
    await dropIn("ExecStart=\\nExecStart=/bin/false\\nRestartSec=0.1");
    await guest.sh(`sudo systemctl start ${UNIT} --no-block`);
    await stage.until(`systemctl show -P NRestarts ${UNIT}`, /^([89]|\d{2,})$/);
  });
  await guest.sh(`sudo systemctl disable --now ${UNIT} && sudo rm -r /etc/systemd/system/${UNIT}.service*`);
  await guest.sh("sudo systemctl daemon-reload && sudo systemctl reset-failed");
}
