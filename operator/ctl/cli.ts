/** What every command has: where its output goes, how it reaches the broker, and how it ends. */
import type { Command } from "commander";
import { canBeOverheard } from "../../protocol/broker/access.ts";
import type { Environment } from "../../protocol/config/flag.ts";
import { Bus } from "../bus.ts";
import { Commander } from "../commander.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { Operator } from "../operator.ts";
import { Signer } from "../signer.ts";
import { rememberFleet } from "./seen.ts";
import { EXIT } from "./exit_code.ts";
import {
  addConnectionOptions,
  type Connection,
  isSet,
  milliseconds,
  type Options,
  readConnection,
} from "./options.ts";
import { coloured, paint, printableJson, type Terminal } from "./terminal.ts";

/** This process, as far as commands use it. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** One command while it runs. */
export interface Run extends Surroundings {
  readonly options: Options;
  /** Whether output is for programs. */
  readonly json: boolean;
  /** Of `--timeout`, milliseconds. */
  readonly timeoutMs: number | undefined;
  /** One line on stdout. Here as in the others, nothing that others have said acts on a terminal. */
  print(line: string): void;
  /** One line on stderr, for people alone. */
  note(line: string): void;
  /** One line on stderr, also beside JSON. */
  tell(line: string): void;
  /** One JSON document on stdout. */
  printJson(value: unknown): void;
}

/** @returns the exit code */
export type Action = (run: Run, ...args: (string | undefined)[]) => Promise<number>;
/** @returns the exit code */
export type ConnectedAction = (
  run: Run,
  operator: Operator,
  ...args: (string | undefined)[]
) => Promise<number>;

export class Cli {
  /** What the command has ended with. */
  exitCode: number = EXIT.ok;

  constructor(readonly surroundings: Surroundings) {}

  /** Lets `command` do `action`, with its positional arguments as they are declared; variadic ones are joined. */
  local(command: Command, action: Action): Command {
    return command
      .option("--json", "print JSON, for programs")
      .action(async (...given: unknown[]) => {
        // commander: the arguments, then the options, then the command.
        const run = newRun(this.surroundings, command.opts());
        this.exitCode = await action(run, ...given.slice(0, -2).flat() as (string | undefined)[]);
      });
  }

  /** The same, for a command that works on the bus. */
  connected(command: Command, action: ConnectedAction): Command {
    this.local(command, async (run, ...args) => {
      const connection = await readConnection(run.options, run.env, (message) => warn(run, message));
      if (connection.access.password !== undefined && canBeOverheard(connection.broker)) {
        warn(run, "The password goes to the broker unencrypted: use mqtts:// or wss:// if the broker has it");
      }
      const work = this.withOperator(run, connection, (operator) => action(run, operator, ...args));
      return await Promise.race([work, interrupted(run.signal)]);
    });
    addConnectionOptions(command);
    return command;
  }

  /**
   * Connects, lets `work` be done, and remembers what fleet it has seen.
   * @throws BusError when the broker cannot be reached; ConfigError for a key that cannot be used
   */
  async withOperator<T>(
    run: Run,
    connection: Connection,
    work: (operator: Operator, connection: Connection) => Promise<T>,
  ): Promise<T> {
    const { broker, access, signKey } = connection;
    const signer = signKey === undefined ? undefined : await Signer.open(signKey);
    const startedMs = performance.now();
    await using bus = await Bus.connect({
      broker,
      access,
      ...commandOptions(run),
      onStatus: (status) =>
        run.note(status.kind === "connected" ? "The broker is there again" : status.reason),
    });
    const operator = {
      bus,
      commander: new Commander(bus, signer, performance.now() - startedMs),
      fleet: new Fleet(),
    };
    try {
      return await work(operator, connection);
    } finally {
      await rememberFleet(operator.fleet, run.env);
    }
  }
}

/** How long a command may take to end by itself after Ctrl-C. */
const GRACE_MS = 500;

/** Rejects when a command that was interrupted still waits for others. */
function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => setTimeout(() => reject(signal.reason), GRACE_MS));
  });
}

function newRun(surroundings: Surroundings, options: Options): Run {
  const { stdout, stderr } = surroundings;
  const json = isSet(options, "json");
  const tell = (line: string) => stderr.write(`${coloured(line)}\n`);
  return {
    ...surroundings,
    options,
    json,
    timeoutMs: milliseconds(options, "timeout"),
    print: (line) => stdout.write(`${coloured(line)}\n`),
    note: (line) => {
      if (!json) tell(line);
    },
    tell,
    printJson: (value) => stdout.write(`${printableJson(value)}\n`),
  };
}

function warn(run: Run, message: string): void {
  run.tell(`${paint(run.stderr, "yellow", "warning:")} ${message}`);
}

/** What a command to a node may take. */
export function commandOptions({ timeoutMs }: Run): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}
