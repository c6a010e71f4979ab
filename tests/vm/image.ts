/** The guest's disk: Debian 12 with systemd and an SSH server, made once by mmdebstrap and kept in a cache folder. */
import { join } from "@std/path";
import { findProgram } from "../support/programs.ts";

/** What is needed of this machine: a program, and the Debian package that has it. */
const PROGRAMS = {
  "qemu-system-x86_64": "qemu-system-x86",
  mmdebstrap: "mmdebstrap",
  mke2fs: "e2fsprogs",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  mosquitto: "mosquitto",
} as const;

const PACKAGES = "systemd-sysv,udev,dbus,libpam-systemd,dbus-user-session,openssh-server,sudo," +
  "linux-image-cloud-amd64,iproute2,procps";
/** Set to 1: a machine without them fails. */
const REQUIRED = Deno.env.get("AGENTFLOW_REQUIRE_VM") === "1";
const BUILD_MS = 900_000;

/**
 * What is done to the new system at `$1`, in the cache folder. Its `/proc` and `/dev` are mounts that must not get onto
 * the disk: a bind mount of the folder alone does not show them.
 */
const HOOKS = [
  'chroot "$1" useradd -m -s /bin/bash pi',
  'echo "pi ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/pi"',
  'mkdir -m 700 "$1/home/pi/.ssh" && cp key.pub "$1/home/pi/.ssh/authorized_keys" && chroot "$1" chown -R pi: /home/pi/.ssh',
  'printf "[Match]\\nName=e*\\n[Network]\\nDHCP=ipv4\\n" >"$1/etc/systemd/network/all.network"',
  'chroot "$1" systemctl enable systemd-networkd',
  'echo guest >"$1/etc/hostname" && echo "127.0.1.1 guest" >>"$1/etc/hosts"',
  'echo "/dev/vda / ext4 defaults 0 1" >"$1/etc/fstab" && mkdir -p "$1/var/log/journal"',
  'cp "$1"/boot/vmlinuz-* vmlinuz && cp "$1"/boot/initrd.img-* initrd && cp "$1/etc/ssh/ssh_host_ed25519_key.pub" host.pub',
  'chroot "$1" apt-get clean && rm -rf "$1"/var/lib/apt/lists/*',
  'truncate -s 3G disk.new && mkdir -p "$1/mnt/disk" && mount --bind "$1" "$1/mnt/disk" && ' +
  '{ mke2fs -q -F -t ext4 -d "$1/mnt/disk" disk.new; code=$?; umount "$1/mnt/disk"; exit $code; }',
];

/** Files that a guest is started from. */
export interface Image {
  readonly folder: string;
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Of its user `pi`, who may do everything with sudo. */
  readonly key: string;
  /** Public, of its SSH server. */
  readonly hostKey: string;
}

/** Debian packages that this machine lacks; none: all is there. @throws Error when they must be there */
export function missingPackages(): string[] {
  const missing = Object.entries(PROGRAMS)
    .filter(([program]) => findProgram(program) === undefined)
    .map(([, name]) => name);
  if (REQUIRED && missing.length > 0) {
    throw new Error(`AGENTFLOW_REQUIRE_VM=1, but ${missing.join(", ")} are missing`);
  }
  return [...new Set(missing)];
}

/**
 * Makes the image, unless the same recipe has made it before.
 * @param cache made when it is not there
 * @throws Error with what mmdebstrap said
 */
export async function guestImage(cache: string, onBuild: () => void): Promise<Image> {
  await Deno.mkdir(cache, { recursive: true });
  const at = (name: string) => join(cache, name);
  const recipe = [PACKAGES, ...HOOKS].join("\n");
  if (await Deno.readTextFile(at("recipe")).catch(() => "") !== recipe) {
    onBuild();
    await Promise.all(["key", "key.pub"].map((name) => Deno.remove(at(name)).catch(() => {})));
    await must(cache, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", "key");
    await must(
      cache,
      "mmdebstrap",
      ...["--variant=minbase", "--format=null", `--include=${PACKAGES}`],
      '--aptopt=APT::Install-Recommends "false"',
      ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      ...HOOKS.map((hook) => `--customize-hook=${hook}`),
      ...["bookworm", "/dev/null"],
    );
    await Deno.rename(at("disk.new"), at("disk"));
    await Deno.writeTextFile(at("recipe"), recipe);
  }
  const hostKey = (await Deno.readTextFile(at("host.pub"))).split(" ").slice(0, 2).join(" ");
  return {
    folder: cache,
    disk: at("disk"),
    kernel: at("vmlinuz"),
    initrd: at("initrd"),
    key: at("key"),
    hostKey,
  };
}

async function must(cwd: string, program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    stdin: "null",
    stdout: "null",
    signal: AbortSignal.timeout(BUILD_MS),
  }).output();
  if (!success) throw new Error(`${program} fails: ${new TextDecoder().decode(stderr).trim().slice(-2000)}`);
}
