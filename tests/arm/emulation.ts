/** Programs for other machines: qemu, and the libraries that they load. */
import { join } from "@std/path";

/** As Debian calls them. */
export type DebianArchitecture = "arm64" | "amd64";

/** What Deno loads. */
export const DENO_LIBRARIES = ["libc6", "libgcc-s1"];

/**
 * A folder with Debian's packages for an architecture, which this machine's own package database knows nothing of.
 * @param packages a name that ends with `-`: the package whose name begins so, and that the package without it needs
 * @throws Error when they cannot be had, with what the program said
 */
export async function debianRoot(
  cache: string,
  architecture: DebianArchitecture,
  packages: readonly string[],
): Promise<string> {
  const root = join(cache, "root");
  if (await exists(join(root, "complete"))) return root;
  const apt = join(cache, "apt");
  const debs = join(cache, "debs");
  for (const path of ["lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(join(apt, path), { recursive: true });
  }
  await Promise.all([debs, root].map((path) => Deno.mkdir(path, { recursive: true })));
  await Deno.writeTextFile(join(apt, "status"), "");
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    "APT::Sandbox::User=",
    `Dir::State=${apt}`,
    `Dir::State::Lists=${apt}/lists`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", [...options, "update"], debs);
  const names = await Promise.all(
    packages.map((name) => name.endsWith("-") ? needed(options, `${name}${architecture}`, name) : name),
  );
  await run("apt-get", [...options, "download", ...names.map((name) => `${name}:${architecture}`)], debs);
  for (const { name } of Deno.readDirSync(debs)) await run("dpkg-deb", ["-x", join(debs, name), root], debs);
  await Deno.writeTextFile(join(root, "complete"), "");
  return root;
}

/** Debian's `linux-image-arm64` is empty, and needs `linux-image-6.1.0-49-arm64`. */
async function needed(options: readonly string[], name: string, prefix: string): Promise<string> {
  const { stdout } = await new Deno.Command("apt-cache", {
    args: [...options, "depends", name],
    stdin: "null",
    stderr: "null",
  }).output();
  const [dependency] =
    new RegExp(`(?<=Depends: )${RegExp.escape(prefix)}\\S+`).exec(new TextDecoder().decode(stdout)) ?? [];
  if (dependency === undefined) throw new Error(`apt-cache knows nothing that ${name} needs`);
  return dependency;
}

/** @returns path of a program that runs `deno` under emulation */
export async function emulated(deno: string, root: string, folder: string): Promise<string> {
  const path = join(folder, "deno-arm64");
  const denoDir = join(folder, "deno-dir");
  const script = `#!/bin/sh\n: "\${DENO_DIR:=${denoDir}}"\nexport DENO_DIR\n` +
    `exec qemu-aarch64-static -L '${root}' '${deno}' "$@"\n`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  await run(path, ["--version"], folder);
  return path;
}

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], cwd, stdin: "null" })
    .output();
  if (!success) {
    throw new Error(`${program} ${args.at(-1)} fails: ${new TextDecoder().decode(stderr).trim()}`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
