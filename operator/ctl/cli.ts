/** What all commands share: output, connection to the broker, and exit code. */
import type { Command } from "commander";
import { canBeOverheard } from "../../protocol/broker/access.ts";
import type { Environment } from "../../protocol/config/flag.ts";
import type { Operator } from "../operator.ts";
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

/** The parts of this process that commands use. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** One running command. */
export interface Run extends Surroundings {
  readonly options: Options;
  /** Whether to print JSON, for programs. */
  readonly json: boolean;
  /** The value of `--timeout`, milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Prints one line on stdout. Like the others, it neutralizes control characters in text from the network. */
  print(line: string): void;
  /** Prints one line on stderr, for people only: silent with `--json`. */
  note(line: string): void;
  /** Prints one line on stderr, even with `--json`. */
  tell(line: string): void;
  /** Prints one JSON document on stdout. */
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
  /** The exit code of the command that ran. */
  exitCode: number = EXIT.ok;

  constructor(readonly surroundings: Surroundings) {}

  /** Makes `command` run `action` with its positional arguments in declared order; variadic ones are spread. */
  local(command: Command, action: Action): Command {
    return command
      .option("--json", "print JSON, for programs")
      .action(async (...given: unknown[]) => {
        // commander passes the arguments, then the options, then the command.
        const run = newRun(this.surroundings, command.opts());
        this.exitCode = await action(run, ...given.slice(0, -2).flat() as (string | undefined)[]);
      });
  }

  /** Like `local`, for a command that needs the bus. */
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
   * Connects, runs `work`, and remembers the fleet that it saw.
   * @throws BusError when the broker cannot be reached; ConfigError for an unusable key
   */
  async withOperator<T>(
    run: Run,
    connection: Connection,
    work: (operator: Operator, connection: Connection) => Promise<T>,
  ): Promise<T> {
    const { withOperator } = await import("./with_operator.ts");
    return await withOperator(run, connection, work);
  }
}

/** How long a command may take to end on its own after Ctrl-C. */
const GRACE_MS = 500;

/** Rejects when an interrupted command has not ended within the grace period. */
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

/** Says on stderr, also with `--json`, what most likely is a mistake. */
export function warn(run: Pick<Run, "tell" | "stderr">, message: string): void {
  run.tell(`${paint(run.stderr, "yellow", "warning:")} ${message}`);
}

/** Options for a command sent to a node. */
export function commandOptions({ timeoutMs }: Run): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}
