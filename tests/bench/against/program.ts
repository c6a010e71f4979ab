/** A program that stands beside this project. */
import type { Rig } from "../rig.ts";

/** Starts it; it is killed with the rig. @returns its process id */
export async function runProgram(rig: Rig, program: string, args: readonly string[]): Promise<number> {
  const { pid } = await rig.own(() => {
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    })
      .spawn();
    return Promise.resolve({
      pid: child.pid,
      async [Symbol.asyncDispose]() {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended already.
        }
        await child.status;
      },
    });
  });
  return pid;
}
