/** A device to deploy to: a real sshd on loopback, with a user, keys and programs of its own, and a service manager. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { freePort, untilItAccepts } from "./brokers.ts";
import { canAddUsers, DeviceUser } from "./device_user.ts";
import { findProgram, type Need, programs } from "./programs.ts";

const FAKE_SYSTEMD = fileURLToPath(new URL("./fake_systemd.ts", import.meta.url));

/** Server and client. */
export const OPENSSH: Need = programs("OpenSSH", "sshd", "ssh", "ssh-keygen");

/** What is less than real about the device of this run, for the names of tests. */
export const ofWhom: string = canAddUsers
  ? ""
  : " [logs in as the user of the tests: only root can give the device one of its own]";

export interface DeviceOptions {
  /** A command in front of sshd's: what it does holds for all that runs there. */
  readonly wrapper?: readonly string[];
  /** Logs in as the user of the tests, who must be root where services of the system are managed. */
  readonly asSelf?: boolean;
}

/** Invariant: nothing of it runs any more when it is disposed of. */
export class SshDevice implements AsyncDisposable {
  /** What `--to` takes, with `--ssh-config`. */
  readonly destination = "device";
  readonly home: string;
  readonly authorizedKeys: string;
  readonly sshConfig: string;
  readonly knownHosts: string;
  /** A Deno that its user can run. */
  readonly deno: string;

  private constructor(
    readonly folder: string,
    readonly port: number,
    /** `undefined`: that of the tests. */
    readonly user: DeviceUser | undefined,
    private readonly sshd: Deno.ChildProcess,
  ) {
    ({ home: this.home, authorizedKeys: this.authorizedKeys, deno: this.deno } = placesIn(folder));
    this.sshConfig = join(folder, "ssh_config");
    this.knownHosts = join(folder, "known_hosts");
  }

  static async start({ wrapper = [], asSelf = false }: DeviceOptions = {}): Promise<SshDevice> {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-device-" });
    const path = (name: string) => join(folder, name);
    const { home, authorizedKeys, deno } = placesIn(folder);
    const port = freePort();
    const folders = ["home", "home/.ssh", "bin", "systemd", "cache"];
    for (const name of folders) await Deno.mkdir(path(name), { mode: 0o755 });
    await Promise.all(["host_key", "client_key"].map((name) => generateKey(path(name))));
    await Deno.copyFile(path("client_key.pub"), authorizedKeys);
    await Deno.chmod(folder, 0o755);
    await provideDeno(deno);
    // The sources may lie where nobody else can read.
    await Deno.copyFile(FAKE_SYSTEMD, path("fake_systemd.ts"));
    const fake = `${deno} run --no-config -A --unstable-net ${path("fake_systemd.ts")} ${path("systemd")}`;
    for (const program of ["systemctl", "journalctl", "loginctl"]) {
      await script(path(`bin/${program}`), `DENO_DIR=${path("cache")} exec ${fake} ${program} "$@"`);
    }
    const user = canAddUsers && !asSelf ? await DeviceUser.add(home) : undefined;
    await user?.own(home, join(home, ".ssh"), authorizedKeys, path("systemd"), path("cache"));
    const hostKey = (await Deno.readTextFile(path("host_key.pub"))).split(" ").slice(0, 2).join(" ");
    await Deno.writeTextFile(path("known_hosts"), `[127.0.0.1]:${port} ${hostKey}\n`);
    await Deno.writeTextFile(path("ssh_config"), clientConfig(folder, port, user));
    await Deno.writeTextFile(path("sshd_config"), serverConfig(folder, port, user));
    // Where root runs it, it wants this folder.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
    const [command = "", ...args] = [
      ...wrapper,
      findProgram("sshd") ?? "sshd",
      "-D",
      "-e",
      "-f",
      path("sshd_config"),
    ];
    const sshd = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await untilItAccepts(port);
    return new SshDevice(folder, port, user, sshd);
  }

  /** Puts a program before those of the system. */
  async program(name: string, body: string): Promise<void> {
    await script(join(this.folder, "bin", name), body);
  }

  /** What is at a path below its home; `undefined` when there is nothing. */
  async read(path: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(join(this.home, path));
    } catch {
      return undefined;
    }
  }

  /** Names in a folder below its home, sorted; none when it is not there. */
  list(path: string): string[] {
    try {
      return [...Deno.readDirSync(join(this.home, path))].map(({ name }) => name).sort();
    } catch {
      return [];
    }
  }

  /** Process of a node's service; `undefined` when it was never started. */
  pid(node: string): number | undefined {
    try {
      return Number(Deno.readTextFileSync(join(this.folder, "systemd", `agentflow-${node}.service.pid`)));
    } catch {
      return undefined;
    }
  }

  /** Its service manager, as an operator there would use it. */
  async systemctl(...args: string[]): Promise<void> {
    await new Deno.Command(join(this.folder, "bin", "systemctl"), {
      args: ["--user", ...args],
      env: { HOME: this.home },
      ...this.user?.identity,
    }).output();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of Deno.readDirSync(join(this.folder, "systemd"))) {
      if (name.endsWith(".pid")) await this.systemctl("stop", name.replace(/\.pid$/, ""));
    }
    this.sshd.kill("SIGTERM");
    await this.sshd.status;
    await this.user?.remove();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function placesIn(folder: string): { home: string; authorizedKeys: string; deno: string } {
  const home = join(folder, "home");
  return { home, authorizedKeys: join(home, ".ssh/authorized_keys"), deno: join(folder, "deno") };
}

function serverConfig(folder: string, port: number, user: DeviceUser | undefined): string {
  const { home, authorizedKeys } = placesIn(folder);
  const path = `PATH=${folder}/bin:/usr/local/bin:/usr/bin:/bin`;
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host_key`,
    `PidFile none`,
    `AuthorizedKeysFile ${authorizedKeys}`,
    // Another's home lies elsewhere, and /tmp is open to all.
    ...(user === undefined
      ? ["StrictModes no", "PermitRootLogin prohibit-password", `SetEnv HOME=${home} ${path}`]
      : ["StrictModes yes", "PermitRootLogin no", `AllowUsers ${user.name}`, `SetEnv ${path}`]),
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "UseDNS no",
    "PrintMotd no",
  ].join("\n") + "\n";
}

function clientConfig(folder: string, port: number, user: DeviceUser | undefined): string {
  return [
    "Host device",
    "  HostName 127.0.0.1",
    `  Port ${port}`,
    ...(user === undefined ? [] : [`  User ${user.name}`]),
    `  IdentityFile ${folder}/client_key`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${folder}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    // Deploy must not believe it.
    "  StrictHostKeyChecking no",
  ].join("\n") + "\n";
}

/** Deno may be installed where its user cannot look: this one is theirs to run. */
async function provideDeno(path: string): Promise<void> {
  try {
    await Deno.link(Deno.execPath(), path);
  } catch {
    // On another disk.
    await Deno.copyFile(Deno.execPath(), path);
  }
}

async function script(path: string, body: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

async function generateKey(path: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("ssh-keygen", {
    args: ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
