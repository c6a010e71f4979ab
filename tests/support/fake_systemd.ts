/**
 * A service manager for tests, in place of `systemctl`, `journalctl` and `loginctl`: starts what a unit says as a real
 * process, and waits for its READY=1 as systemd does. It restarts nothing, and hardens nothing.
 *
 * Runs on its own: `deno run -A --unstable-net fake_systemd.ts DIR systemctl --user start x.service`.
 */
const [dir = "", program = "", ...args] = Deno.args;
const flags = args.filter((arg) => arg.startsWith("-"));
const [verb = "", unit = ""] = args.filter((arg) => !arg.startsWith("-"));
const units = flags.includes("--user")
  ? `${Deno.env.get("HOME")}/.config/systemd/user`
  : "/etc/systemd/system";

Deno.exit(await main());

async function main(): Promise<number> {
  Deno.mkdirSync(dir, { recursive: true });
  if (program === "journalctl") return say(read(log(args[args.indexOf("--unit") + 1] ?? "")) ?? "");
  if (program === "loginctl") return linger();
  switch (verb) {
    case "show-environment":
    case "daemon-reload":
      return 0;
    case "enable":
      Deno.writeTextFileSync(`${dir}/${unit}.enabled`, "");
      return 0;
    case "disable":
      Deno.removeSync(`${dir}/${unit}.enabled`);
      return flags.includes("--now") ? await stop() : 0;
    case "is-enabled":
      return say(read(`${dir}/${unit}.enabled`) === undefined ? "disabled" : "enabled");
    case "is-active":
      return say(runs() ? "active" : "inactive");
    case "start":
      return runs() ? 0 : await start();
    case "restart":
      await stop();
      return await start();
    case "stop":
      return await stop();
    default:
      return say(`Unknown command verb ${verb}.`) + 1;
  }
}

function linger(): number {
  if (verb === "show-user") return say(read(`${dir}/linger`) === undefined ? "no" : "yes");
  Deno.writeTextFileSync(`${dir}/linger`, "");
  return 0;
}

async function start(): Promise<number> {
  const text = Deno.readTextFileSync(`${units}/${unit}`);
  const all = (key: string) =>
    [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);
  const folder = Deno.makeTempDirSync();
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/notify` });
  const environment = all("Environment").flatMap(words).map((pair) => pair.split(/=(.*)/s).slice(0, 2));
  const child = new Deno.Command("setsid", {
    args: ["sh", "-c", 'exec "$@" >>"$LOG" 2>&1', "sh", ...words(all("ExecStart")[0] ?? "")],
    env: { ...Object.fromEntries(environment), NOTIFY_SOCKET: `${folder}/notify`, LOG: log(unit) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  Deno.writeTextFileSync(`${dir}/${unit}.pid`, String(child.pid));
  const isUp = await Promise.race([ready(socket), child.status.then(() => false)]);
  Deno.removeSync(folder, { recursive: true });
  return isUp ? 0 : say(`Job for ${unit} failed because the control process exited with error code.`) + 1;
}

async function ready(socket: Deno.DatagramConn): Promise<boolean> {
  for await (const [bytes] of socket) if (/^READY=1$/m.test(new TextDecoder().decode(bytes))) return true;
  return false;
}

async function stop(): Promise<number> {
  for (let attempt = 0; runs(); attempt++) {
    if (attempt % 1500 === 0) Deno.kill(pid(), attempt === 0 ? "SIGTERM" : "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return 0;
}

function pid(): number {
  return Number(read(`${dir}/${unit}.pid`) ?? 0);
}

function runs(): boolean {
  const stat = pid() === 0 ? undefined : read(`/proc/${pid()}/stat`);
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

function log(name: string): string {
  return `${dir}/${name}.log`;
}

/** As systemd.syntax(7) takes a line apart. */
function words(line: string): string[] {
  return [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "").replaceAll("%%", "%").replaceAll("$$", "$")
  );
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function say(text: string): number {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text.trimEnd()}\n`));
  return 0;
}
