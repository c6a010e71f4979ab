/** A user of the system for one device of the tests: added for it, and removed with it. */
import { findProgram, programs, ROOT } from "./programs.ts";

/** Only root can; its tools are part of every Debian. */
export const canAddUsers: boolean = ROOT.isThere && programs("useradd", "useradd", "userdel").isThere;

export class DeviceUser {
  private constructor(
    readonly name: string,
    /** For `Deno.Command`. */
    readonly identity: { readonly uid: number; readonly gid: number },
  ) {}

  /** @param home is there already */
  static async add(home: string): Promise<DeviceUser> {
    // More than one run may be at it.
    const name = `agentflow-${crypto.randomUUID().slice(0, 8)}`;
    const account = [
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      home,
      "--shell",
      "/bin/sh",
    ];
    // No password opens it, and it is not locked: sshd lets nobody in who is.
    await run(findProgram("useradd") ?? "useradd", ...account, "--password", "*", name);
    const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run("id", flag, name)));
    return new DeviceUser(name, { uid: Number(uid), gid: Number(gid) });
  }

  async own(...paths: readonly string[]): Promise<void> {
    const { uid, gid } = this.identity;
    for (const path of paths) await Deno.chown(path, uid, gid);
  }

  /** Also while a process of theirs is still about to end. */
  async remove(): Promise<void> {
    await run(findProgram("userdel") ?? "userdel", "--force", this.name);
  }
}

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`${program} has failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout).trim();
}
