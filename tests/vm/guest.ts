/** A guest under qemu with systemd as its first process, reached over ssh on loopback. */
import { join } from "@std/path";
import { freePort } from "../support/brokers.ts";
import type { Image } from "./image.ts";

export type Accelerator = "kvm" | "tcg";

/** Where a guest reaches the loopback of this machine. */
export const HOST_FROM_GUEST = "10.0.2.2";
/** A kernel that prints nothing for so long does not run. */
const FIRST_SIGN_MS = 15_000;
const BOOT_MS = 300_000;
const COMMAND_MS = 300_000;
/** Of qemu's options: what KVM cannot pass on in a guest of another hypervisor. */
const CPU = { kvm: "max,arch-capabilities=off", tcg: "max" };

/** Invariant: no qemu of it runs any more when it is disposed of. */
export class Guest implements AsyncDisposable {
  /** What `--to` takes, with `--ssh-config`. */
  readonly destination = "guest";
  readonly sshConfig: string;
  readonly #port = freePort();
  #qemu: Deno.ChildProcess | undefined;

  private constructor(
    private readonly image: Image,
    private readonly folder: string,
    readonly accelerator: Accelerator,
  ) {
    this.sshConfig = join(folder, "ssh_config");
  }

  /** A guest with a disk of its own, not started yet. */
  static async make(image: Image, accelerator: Accelerator): Promise<Guest> {
    const guest = new Guest(image, await Deno.makeTempDir({ prefix: "agentflow-vm-" }), accelerator);
    const { folder } = guest;
    await run("cp", ["--sparse=always", image.disk, join(folder, "disk")]);
    await Deno.writeTextFile(join(folder, "known_hosts"), `[127.0.0.1]:${guest.#port} ${image.hostKey}\n`);
    const config = [
      ...["Host guest", "  HostName 127.0.0.1", `  Port ${guest.#port}`, "  User pi"],
      ...[`  IdentityFile ${image.key}`, "  IdentitiesOnly yes", "  IdentityAgent none"],
      ...[`  UserKnownHostsFile ${folder}/known_hosts`, "  GlobalKnownHostsFile /dev/null"],
      ...["  ConnectTimeout 10", "  BatchMode yes"],
    ];
    await Deno.writeTextFile(guest.sshConfig, `${config.join("\n")}\n`);
    return guest;
  }

  /** Starts it, and waits until systemd has started everything. @throws Error with the end of its console */
  async boot(): Promise<void> {
    const { image, folder, accelerator } = this;
    const console = join(folder, "console");
    await Deno.writeTextFile(console, "");
    const qemu = new Deno.Command("setpriv", {
      args: [
        // It ends with this program, however that ends.
        ...["--pdeathsig", "KILL", "qemu-system-x86_64"],
        ...["-machine", "q35", "-accel", accelerator, "-cpu", CPU[accelerator], "-smp", "2", "-m", "2048"],
        ...["-nodefaults", "-display", "none", "-no-reboot", "-serial", `file:${console}`],
        ...["-kernel", image.kernel, "-initrd", image.initrd],
        ...["-append", "root=/dev/vda rw console=ttyS0 panic=-1"],
        ...["-drive", `file=${folder}/disk,if=virtio,format=raw`, "-device", "virtio-rng-pci"],
        ...["-netdev", `user,id=net,hostfwd=tcp:127.0.0.1:${this.#port}-:22`],
        ...["-device", "virtio-net-pci,netdev=net,romfile="],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#qemu = qemu;
    let hasEnded = false;
    void qemu.status.then(() => hasEnded = true);
    const startedMs = performance.now();
    for (;;) {
      const passedMs = performance.now() - startedMs;
      const said = await Deno.readTextFile(console);
      const isSilent = said === "" && passedMs > FIRST_SIGN_MS;
      if (hasEnded || isSilent || passedMs > BOOT_MS) {
        await this.cutPower();
        throw new Error(`the guest does not start (${accelerator}): ${said.slice(-500) || "no output"}`);
      }
      // One that is not all well ends with another code, and says so.
      const { code, stdout } = await this.#ssh("systemctl is-system-running --wait", 30_000);
      if (code !== 255 && /^(running|degraded)/.test(stdout)) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** Runs a command as the user `pi`. @returns what it printed @throws Error when it fails */
  async sh(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.#ssh(command, COMMAND_MS);
    if (code !== 0) throw new Error(`'${command}' ends with ${code}: ${stderr.trim() || stdout.trim()}`);
    return stdout.trim();
  }

  /** Copies files to a folder there, as root: name there and path here. */
  async put(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
    const stage = await Deno.makeTempDir({ dir: this.folder });
    for (const [name, path] of Object.entries(files)) await Deno.symlink(path, join(stage, name));
    const unpack = `sudo mkdir -p ${folder} && sudo tar -xof - -C ${folder}`;
    await run("sh", [
      "-c",
      `tar -chf - -C '${stage}' ${
        Object.keys(files).join(" ")
      } | ssh -C -F '${this.sshConfig}' guest '${unpack}'`,
    ]);
  }

  /** What a power cut leaves: the disk as the guest's kernel has written it. */
  async cutPower(): Promise<void> {
    try {
      this.#qemu?.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#qemu?.status;
    this.#qemu = undefined;
  }

  /** Lets it shut down in order, and starts it again. */
  async reboot(): Promise<void> {
    await this.#ssh("sudo systemctl reboot", 30_000);
    await this.#qemu?.status;
    await this.boot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutPower();
    await Deno.remove(this.folder, { recursive: true });
  }

  async #ssh(command: string, patienceMs: number): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await new Deno.Command("ssh", {
      args: ["-F", this.sshConfig, "guest", command],
      stdin: "null",
      signal: AbortSignal.timeout(patienceMs),
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  if (!success) throw new Error(`${program} fails: ${new TextDecoder().decode(stderr).trim()}`);
}
