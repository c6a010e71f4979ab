/** A device: everything that can be read from it or done to it, each as one script over ssh. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { DEVICE_GROUPS } from "../../protocol/devices/problem.ts";
import { sha256 } from "../../protocol/hash.ts";
import { tar, type TarEntry } from "../release/tar.ts";
import type { Release, Shipment, Wish } from "./desired.ts";
import { type Layout, layoutOf, otherScope, type Scope } from "./layout.ts";
import { type Observed, parseObserved } from "./observed.ts";
import activate from "./remote/activate.sh" with { type: "text" };
import common from "./remote/common.sh" with { type: "text" };
import discard from "./remote/discard.sh" with { type: "text" };
import journal from "./remote/journal.sh" with { type: "text" };
import linger from "./remote/linger.sh" with { type: "text" };
import probe from "./remote/probe.sh" with { type: "text" };
import receive from "./remote/receive.sh" with { type: "text" };
import selfTest from "./remote/self_test.sh" with { type: "text" };
import start from "./remote/start.sh" with { type: "text" };
import tidy from "./remote/tidy.sh" with { type: "text" };
import uninstall from "./remote/uninstall.sh" with { type: "text" };
import type { RemoteOutput, Ssh } from "./ssh.ts";

/** Something failed on the device; the message contains its output. */
export class DeviceError extends ExpectedError {
  override name = "DeviceError";
}

/** The service manager reports that the node does not start; the message contains its last output. */
export class StartError extends DeviceError {
  override name = "StartError";
}

/** Exit code of `activate.sh` and `start.sh` when the node does not start. */
const EXIT_NO_START = 20;

/** Which of them exist is asked. */
const GROUPS = [...new Set(Object.values(DEVICE_GROUPS))].join(" ");

const CONFIG_MODE = 0o600;
const PROGRAM_MODE = 0o700;

/** One node's place on a device. */
export class Device {
  constructor(
    private readonly ssh: Ssh,
    private readonly node: string,
    private readonly scope: Scope,
  ) {}

  /** @param blobs hashes of files to look for in the device's store; `undefined`: do not look at files at all */
  async observe(blobs: readonly string[] | undefined): Promise<Observed> {
    const other = this.#layout(otherScope(this.scope)).unitPath;
    const variables = {
      WITH_FILES: blobs === undefined ? "no" : "yes",
      BLOBS: (blobs ?? []).join(" "),
      DEVICE_GROUPS: GROUPS,
    };
    const { stdout } = await this.#must("look around", probe, variables, `OTHER_UNIT_PATH=${other}\n`);
    try {
      return parseObserved(stdout);
    } catch (error) {
      throw new DeviceError(`Cannot look around on ${this.ssh.destination}: ${(error as Error).message}`);
    }
  }

  /** Uploads a release and assembles it on the device under the name `id`. Nothing uses it yet. */
  async receive(id: string, release: Release, uploads: readonly Shipment[]): Promise<void> {
    const { wish, made } = release;
    const entries: TarEntry[] = [
      ...uploads.map((file) => entryOf(`blobs/${file.hash}/${file.name}`, file, PROGRAM_MODE)),
      textEntry("release/unit", made.unit, CONFIG_MODE),
      textEntry("release/launcher", made.launcher, PROGRAM_MODE),
      ...wish.config.map((file) => entryOf(`release/config/${file.name}`, file, CONFIG_MODE)),
    ];
    const sent = await this.ssh.unpack(tar(entries, 0), `agentflow/incoming/${this.node}`);
    if (sent.code !== 0) throw this.#failure("upload the node", sent);
    const sums = [
      ...uploads.map(({ hash, name }) => `${hash}  blobs/${hash}/${name}`),
      ...Object.entries(made).map(([name, text]) => `${sha256(text)}  release/${name}`),
      ...wish.config.map(({ hash, name }) => `${hash}  release/config/${name}`),
    ];
    await this.#must("receive the node", receive, {
      RELEASE: id,
      SUMS: sums.join("\n"),
      LINKS: [wish.runner, wish.deno].map(({ hash, name }) => `${hash} ${name}`).join("\n"),
    });
  }

  /** @returns the lines of the self-test; the last one sums up */
  async selfTest(id: string): Promise<string[]> {
    const output = await this.#run(selfTest, { RELEASE: id });
    const lines = output.stdout.trim().split("\n");
    if (output.code === 0) return lines;
    const failures = lines.filter((line) => line.startsWith("FAIL "));
    const said = failures.length > 0 ? failures.join("\n") : output.stderr.trim();
    throw new DeviceError(`The self-test fails on ${this.ssh.destination}:\n${said}`);
  }

  /** @throws StartError when the node does not come up */
  async activate(id: string): Promise<void> {
    this.#started(await this.#run(activate, { RELEASE: id }));
  }

  /** @throws StartError when the node does not come up */
  async start(): Promise<void> {
    this.#started(await this.#run(start, {}));
  }

  /** @returns whether the user's services now run without a login session */
  async enableLinger(): Promise<boolean> {
    return (await this.#run(linger, {})).code === 0;
  }

  /** The last lines of the service's log. */
  async journal(): Promise<string> {
    return (await this.#run(journal, {})).stdout.trim();
  }

  async discard(id: string): Promise<void> {
    await this.#must("remove the release", discard, { RELEASE: id });
  }

  /** Removes all releases except these two. */
  async tidy(id: string, previous: string | undefined): Promise<void> {
    await this.#must("tidy up", tidy, { RELEASE: id, PREVIOUS: previous ?? id });
  }

  /** @returns whether the node was there, and where the agents' state remains, if anywhere */
  async uninstall(purge: boolean): Promise<{ readonly found: boolean; readonly state: string | undefined }> {
    const { stdout } = await this.#must("uninstall the node", uninstall, { PURGE: purge ? "yes" : "no" });
    return {
      found: /^found yes$/m.test(stdout),
      state: /^state (.*)$/m.exec(stdout)?.[1],
    };
  }

  #started(output: RemoteOutput): void {
    if (output.code === EXIT_NO_START) throw new StartError(output.stderr.trim());
    if (output.code !== 0) throw this.#failure("start the node", output);
  }

  async #must(
    what: string,
    script: string,
    variables: Readonly<Record<string, string>>,
    head = "",
  ): Promise<RemoteOutput> {
    const output = await this.#run(head + script, variables);
    if (output.code !== 0) throw this.#failure(what, output);
    return output;
  }

  /** The paths contain `$HOME`, which the device's shell expands. */
  async #run(script: string, variables: Readonly<Record<string, string>>): Promise<RemoteOutput> {
    const { base, unitName, unitPath } = this.#layout(this.scope);
    const paths = `BASE=${base}\nUNIT_PATH=${unitPath}\n`;
    return await this.ssh.run(`${paths}${common}\n${script}`, {
      NODE: this.node,
      SCOPE: this.scope,
      UNIT: unitName,
      ...variables,
    });
  }

  #layout(scope: Scope): Layout {
    return layoutOf("$HOME", this.node, scope);
  }

  #failure(what: string, { code, stderr }: RemoteOutput): DeviceError {
    const said = stderr.trim() === "" ? `exit code ${code}` : stderr.trim();
    return new DeviceError(`Cannot ${what} on ${this.ssh.destination}: ${said}`);
  }
}

function textEntry(path: string, text: string, mode: number): TarEntry {
  return { kind: "bytes", path, mode, bytes: new TextEncoder().encode(text) };
}

function entryOf(path: string, { source }: Shipment, mode: number): TarEntry {
  return { kind: "file", path, mode, source };
}

/** The hashes of the programs that a wish needs. */
export function blobsOf({ runner, deno }: Wish): string[] {
  return [runner.hash, deno.hash];
}
