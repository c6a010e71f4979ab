/** Examines a machine that is to run a node, without changing anything on it. */
import type { Finding } from "../operations/diagnosis.ts";
import { Device } from "./device.ts";
import type { Observed } from "./observed.ts";
import { architectureFor, mib, MIN_FREE_BYTES } from "./plan.ts";
import { Ssh, SshError, type SshOptions } from "./ssh.ts";

/** A placeholder: the examination does not depend on the node's name. */
const ANY_NODE = "node";

/** Finds out whether a node can be deployed there, or why not. */
export async function examineDevice(options: SshOptions): Promise<Finding> {
  const check = `device ${options.destination}`;
  try {
    return { check, ...judge(await new Device(new Ssh(options), ANY_NODE, "user").observe(undefined)) };
  } catch (error) {
    options.signal?.throwIfAborted();
    const advice = error instanceof SshError ? undefined : "its shell must be POSIX, as Debian's is";
    return { check, status: "failed", message: (error as Error).message, advice };
  }
}

function judge(observed: Observed): Omit<Finding, "check"> {
  const { system, machine, libc, freeBytes, managerProblem, user } = observed;
  const found = architectureFor(observed);
  if ("problem" in found) {
    const [message = "", ...advice] = found.problem.split(": ");
    return { status: "failed", message, advice: advice.length === 0 ? undefined : advice.join(": ") };
  }
  if (freeBytes < MIN_FREE_BYTES + NODE_BYTES) {
    const message = `only ${mib(freeBytes)} MiB are free in its home`;
    return {
      status: "failed",
      message,
      advice: `a node needs about ${mib(MIN_FREE_BYTES + NODE_BYTES)} MiB`,
    };
  }
  if (managerProblem !== "") {
    const advice = `as root there: loginctl enable-linger ${user}; or deploy with --system`;
    return { status: "warning", message: `its service manager does not answer: ${managerProblem}`, advice };
  }
  const message = `can run a node: ${system} on ${machine}, ${libc}, ${mib(freeBytes)} MiB free`;
  return { status: "ok", message, advice: undefined };
}

/** Runner and Deno, including the previous release. */
const NODE_BYTES = 150 * 1024 * 1024;
