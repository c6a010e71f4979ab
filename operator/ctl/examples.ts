/** The examples in each command's `--help`. */
import type { Command } from "commander";

/** Complete command lines, by command. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  nodes: [
    "agentflow nodes --broker broker.lan",
    "agentflow nodes --watch -l floor=2",
    "agentflow nodes forget attic",
  ],
  agents: ["agentflow agents --node kitchen", "agentflow agents -l room=kitchen,!beta --json"],
  devices: ["agentflow devices", "agentflow devices attic --json"],
  logs: ["agentflow logs -f kitchen", "agentflow logs lamp -l room=kitchen"],
  errors: ["agentflow errors -f sensor"],
  watch: ["agentflow watch 'sensors/#' --count 3", "agentflow watch --agent sensor --heartbeats"],
  state: ["agentflow state sensor", "agentflow state sensor --node kitchen --code"],
  spawn: [
    "agentflow spawn sensor.ts --node kitchen --poll-interval 10",
    "agentflow spawn report.py --node kitchen --install pypi:python-dateutil --replace",
    "agentflow spawn sensor.ts --node attic --later",
    "agentflow spawn sensor.ts --node kitchen --replace-on attic",
    "agentflow spawn sensor.ts -l room=kitchen --name 'sensor-{node}'",
  ],
  stop: ["agentflow stop sensor", "agentflow stop 'light-*' --node kitchen --yes"],
  pause: ["agentflow pause sensor"],
  resume: ["agentflow resume sensor"],
  restart: ["agentflow restart sensor", "agentflow restart -l room=kitchen,!beta"],
  delete: ["agentflow delete sensor"],
  migrate: ["agentflow migrate sensor --to attic", "agentflow migrate 'light-*' --node hall --to attic"],
  call: [
    `agentflow call calculator '{"op":"add","a":1,"b":2}'`,
    "agentflow call camera @question.json --timeout 60",
    `agentflow call 'light-*' '{"on":false}' -l room=kitchen`,
  ],
  upgrade: [
    "agentflow upgrade kitchen --sign-key owner.key.json",
    "agentflow upgrade -l room=kitchen,!beta --sign-key owner.key.json --yes",
    "agentflow upgrade -l site=north --waves 1,10%,rest --soak 10m --sign-key owner.key.json",
  ],
  "stop-all": ["agentflow stop-all kitchen", "agentflow stop-all --yes"],
  apply: [
    "agentflow apply fleet.json --dry-run",
    "agentflow apply fleet.json --prune --yes",
    "agentflow apply fleet.json --out plan.json",
    "agentflow apply fleet.json --waves 1,10%,50%,rest --soak 5m --on-failure rollback",
  ],
  watchdog: ["agentflow watchdog fleet.json --sign-key owner.key.json"],
  rollout: [
    "agentflow rollout show greenhouse",
    "agentflow rollout resume greenhouse",
    "agentflow rollout abort greenhouse --rollback",
  ],
  diff: ["agentflow diff fleet.json"],
  status: ["agentflow status", "agentflow status greenhouse --reconcile"],
  history: ["agentflow history greenhouse"],
  show: ["agentflow show --generation 7"],
  rollback: ["agentflow rollback --dry-run", "agentflow rollback greenhouse --to 7"],
  doctor: [
    "agentflow doctor --broker mqtts://broker.lan --ca ca.crt",
    "agentflow doctor --device pi@192.168.1.52",
  ],
  new: ["agentflow new sensor", "agentflow new sensor --python --dir agents"],
  dev: ["agentflow dev sensor.ts --poll-interval 1"],
  check: ["agentflow check sensor.ts", "agentflow check report.py --install pypi:python-dateutil"],
  key: [
    "agentflow key generate --kid me me.json",
    "agentflow key show me.json --nodes 'hall-*' --commands spawn,stop",
    "agentflow key sign --key me.json --node hall-1 --command stop_all",
  ],
  policy: ["agentflow policy check policy.json"],
  users: ["agentflow users add users.txt me --role operator", "agentflow users remove users.txt me"],
  acl: ["agentflow acl --node edge-1 --node edge-2 --migrate"],
  chat: [`agentflow chat "what runs in the kitchen?" --read-only`],
  mcp: ["agentflow mcp --read-only", "agentflow mcp --http 8765"],
};

/** Appends the examples to the help of commands that have no examples of their own. */
export function addExamples(program: Command): void {
  for (const command of program.commands) {
    const lines = EXAMPLES[command.name()];
    if (lines === undefined) continue;
    const title = lines.length === 1 ? "Example:" : "Examples:";
    command.addHelpText("after", `\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }
}
