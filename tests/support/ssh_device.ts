/** A device to deploy to: a real sshd on loopback, with keys, home and programs of its own, and a service manager. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { freePort, untilItAccepts } from "./brokers.ts";
import { requiredProgram } from "./programs.ts";

const REQUIRED = "AGENTFLOW_REQUIRE_SSHD";
const SSHD = requiredProgram("sshd", ["/usr/sbin/sshd"], REQUIRED);
const KEYGEN = requiredProgram("ssh-keygen", [], REQUIRED);
const FAKE_SYSTEMD = fileURLToPath(new URL("./fake_systemd.ts", import.meta.url));

/** Whether OpenSSH is here, server and client. @throws Error when CI requires it and it is not */
export const hasSsh: boolean = [SSHD, KEYGEN, requiredProgram("ssh", [], REQUIRED)]
  .every((program) => program !== undefined);

/** Invariant: nothing of it runs any more when it is disposed of. */
export class SshDevice implements AsyncDisposable {
  /** What `--to` takes, with `--ssh-config`. */
  readonly destination = "device";
  readonly home: string;
  readonly sshConfig: string;
  readonly knownHosts: string;

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly sshd: Deno.ChildProcess,
  ) {
    this.home = join(folder, "home");
    this.sshConfig = join(folder, "ssh_config");
    this.knownHosts = join(folder, "known_hosts");
  }

  /** @param wrapper a command in front of sshd's: what it does holds for all that runs there */
  static async start(wrapper: readonly string[] = []): Promise<SshDevice> {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-device-" });
    const path = (name: string) => join(folder, name);
    const port = freePort();
    await Promise.all(["home", "bin", "systemd"].map((name) => Deno.mkdir(path(name))));
    await Promise.all(["host_key", "client_key"].map((name) => generateKey(path(name))));
    const fake = [
      Deno.execPath(),
      "run",
      "--no-config",
      "-A",
      "--unstable-net",
      FAKE_SYSTEMD,
      path("systemd"),
    ];
    for (const program of ["systemctl", "journalctl", "loginctl"]) {
      await script(
        path(`bin/${program}`),
        `DENO_DIR=${path("deno")} exec ${fake.join(" ")} ${program} "$@"`,
      );
    }
    await Deno.copyFile(path("client_key.pub"), path("authorized_keys"));
    const hostKey = (await Deno.readTextFile(path("host_key.pub"))).split(" ").slice(0, 2).join(" ");
    await Deno.writeTextFile(path("known_hosts"), `[127.0.0.1]:${port} ${hostKey}\n`);
    await Deno.writeTextFile(path("ssh_config"), clientConfig(folder, port));
    await Deno.writeTextFile(path("sshd_config"), serverConfig(folder, port));
    // Where root runs it, it wants this folder.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
    const [command = "", ...args] = [...wrapper, SSHD ?? "sshd", "-D", "-e", "-f", path("sshd_config")];
    const sshd = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await untilItAccepts(port);
    return new SshDevice(folder, port, sshd);
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
    }).output();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of Deno.readDirSync(join(this.folder, "systemd"))) {
      if (name.endsWith(".pid")) await this.systemctl("stop", name.replace(/\.pid$/, ""));
    }
    this.sshd.kill("SIGTERM");
    await this.sshd.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

function serverConfig(folder: string, port: number): string {
  const environment = [`HOME=${folder}/home`, `PATH=${folder}/bin:/usr/local/bin:/usr/bin:/bin`];
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host_key`,
    `PidFile none`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    // Its folders lie in /tmp, where others have theirs too.
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "UseDNS no",
    "PrintMotd no",
    `SetEnv ${environment.join(" ")}`,
  ].join("\n") + "\n";
}

function clientConfig(folder: string, port: number): string {
  return [
    "Host device",
    "  HostName 127.0.0.1",
    `  Port ${port}`,
    `  IdentityFile ${folder}/client_key`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${folder}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    // Deploy must not believe it.
    "  StrictHostKeyChecking no",
  ].join("\n") + "\n";
}

async function script(path: string, body: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

async function generateKey(path: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(KEYGEN ?? "ssh-keygen", {
    args: ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
