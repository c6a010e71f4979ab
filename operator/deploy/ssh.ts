/** Reaches a device with the system's OpenSSH, using the operator's keys, known hosts and configuration. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";

/** The device cannot be reached or refuses access; the message says why, and what to do. */
export class SshError extends ExpectedError {
  override name = "SshError";
}

export interface SshOptions {
  /** As `ssh` takes it: `user@host`, an alias of its configuration, or `ssh://user@host:port`. */
  readonly destination: string;
  /** Used instead of the operator's own configuration. */
  readonly configFile?: string | undefined;
  /** OpenSSH's client, if it is not on PATH. */
  readonly program?: string;
  /** Aborted when the operator interrupts the command. */
  readonly signal?: AbortSignal;
}

export interface RemoteOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Exit code when `ssh` itself failed. */
const EXIT_SSH = 255;

/**
 * Overrides the operator's configuration: never prompt, never accept an unknown host key, and open nothing besides the
 * one command.
 */
const FIXED = [
  "-T",
  "-a",
  "-x",
  ...[
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ClearAllForwardings=yes",
    "RemoteCommand=none",
    "PermitLocalCommand=no",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
  ].flatMap((option) => ["-o", option]),
];

const USER = String.raw`(?:[A-Za-z0-9_][\w.+-]*@)?`;
const NAME = String.raw`[\p{L}\p{N}][\p{L}\p{N}._-]*`;
const IPV6 = String.raw`(?=[^:]*:)[0-9A-Fa-f:.]+(?:%[\w.-]+)?`;
const DESTINATION = new RegExp(
  `^(?:${USER}(?:${NAME}|${IPV6}|\\[${IPV6}\\])|ssh://${USER}(?:${NAME}|\\[${IPV6}\\])(?::\\d{1,5})?)$`,
  "u",
);

/**
 * Checks a destination strictly: ssh's configuration may pass it on to a shell (`ProxyCommand … %h`).
 * @throws ConfigError for anything that is not plainly a destination
 */
export function checkDestination(destination: string): string {
  if (DESTINATION.test(destination)) return destination;
  const shown = JSON.stringify(destination.slice(0, 100));
  throw new ConfigError(
    `the device must be like pi@192.168.1.52, a name of ssh's configuration, or ssh://pi@host:2222: current value is ` +
      shown,
  );
}

export class Ssh {
  constructor(private readonly options: SshOptions) {}

  get destination(): string {
    return this.options.destination;
  }

  /**
   * Runs a script in the device's `sh`.
   * @param variables set before the script starts
   * @throws SshError when the script could not be run at all
   */
  async run(script: string, variables: Readonly<Record<string, string>>): Promise<RemoteOutput> {
    const head = Object.entries(variables).map(([name, value]) => `${name}=${shellQuote(value)}\n`).join("");
    return await this.#execute(["sh -s"], [new TextEncoder().encode(head + script)]);
  }

  /**
   * Unpacks an archive into a new folder on the device, replacing any old one.
   * @param folder relative to the user's home; plain characters only
   * @throws SshError
   */
  async unpack(archive: AsyncIterable<Uint8Array>, folder: string): Promise<RemoteOutput> {
    const command =
      `sh -c 'umask 077 && cd "$HOME" && rm -rf ${folder} && mkdir -p ${folder} && cd ${folder} && exec tar -xof -'`;
    return await this.#execute(["-C", command], archive);
  }

  async #execute(
    [...command]: readonly string[],
    input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<RemoteOutput> {
    const { destination, configFile, program = "ssh", signal } = this.options;
    signal?.throwIfAborted();
    const remote = command.pop() ?? "";
    const config = configFile === undefined ? [] : ["-F", configFile];
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: [...config, ...FIXED, ...command, "--", destination, remote],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        ...(signal === undefined ? {} : { signal }),
      }).spawn();
    } catch (error) {
      throw new SshError(`Cannot start ${program}: ${(error as Error).message}: install OpenSSH's client`);
    }
    const [, output] = await Promise.all([feed(child.stdin, input), child.output()]);
    if (signal?.aborted) throw new SshError("Interrupted");
    const text = new TextDecoder();
    const stderr = text.decode(output.stderr);
    if (output.code === EXIT_SSH) {
      throw new SshError(`Cannot reach ${destination}: ${explain(stderr, destination)}`);
    }
    return { code: output.code, stdout: text.decode(output.stdout), stderr };
  }
}

/** Feeds a process. If it ends before reading everything, it reports the reason itself. */
async function feed(
  stdin: WritableStream<Uint8Array>,
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    for await (const chunk of input) {
      const isOpen = await writer.write(chunk).then(() => true, () => false);
      if (!isOpen) return;
    }
    await writer.close().catch(() => {});
  } catch (error) {
    // The input cannot be read: do not leave the other side waiting.
    await writer.abort().catch(() => {});
    throw error;
  }
}

/** Quotes a word so that POSIX shells take it literally. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Turns OpenSSH's error output into a reason with advice. */
export function explain(stderr: string, destination: string): string {
  const said = stderr.trim().split("\n").filter((line) => !/^(Warning|debug)/.test(line)).at(-1)?.trim() ??
    "";
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(stderr)) {
    return "its host key is not the one that is known: another machine may answer in its place. If it was set up " +
      `anew, remove the old key with ssh-keygen -R HOST, then compare the new one: ssh ${destination}`;
  }
  if (/Host key verification failed|host key is known/.test(stderr)) {
    return `its host key is not known yet: run ssh ${destination} once, and compare the fingerprint it shows`;
  }
  if (/Permission denied/.test(stderr)) {
    return `it does not accept your key (${said}): ssh-copy-id ${destination} puts it there; a key with a ` +
      "passphrase must be in ssh-agent";
  }
  if (/Connection refused/.test(stderr)) return `${said}: is its SSH server on?`;
  if (/Could not resolve hostname/.test(stderr)) return `${said}: check the name, or use its address`;
  if (/timed out|No route to host/.test(stderr)) return `${said}: is it on, and in this network?`;
  return said === "" ? "ssh failed without any output" : said;
}
