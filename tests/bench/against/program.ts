/** A program that stands beside this project. */
import type { Rig } from "../rig.ts";

/** Starts it; it is killed with the rig. */
export async function runProgram(rig: Rig, program: string, args: readonly string[]): Promise<void> {
  await rig.own(() => {
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    })
      .spawn();
    return Promise.resolve({
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
}
