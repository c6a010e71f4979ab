/** What every command of a node has in common. */
import { isJsonObject } from "../../../protocol/json.ts";
import { ExpectedError } from "../../../protocol/expected_error.ts";
import type { Coalesced } from "../../coalesced.ts";
import type { Link } from "../../link/link.ts";
import type { PolicyEnforcer } from "../../policy/policy_enforcer.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { StopReason } from "../../supervisor/state.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { Arrivals } from "../migration/arrivals.ts";
import type { Departures } from "../migration/departures.ts";
import type { NodeIdentity } from "../reports/identity.ts";
import type { RecentLines } from "../reports/recent_lines.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Requests } from "../agents/requests.ts";
import type { Roster } from "../agents/roster.ts";
import type { Tasks } from "../agents/tasks.ts";
import type { Turns } from "../../turns.ts";
import type { Updates } from "../agents/updates.ts";
import type { Upgrades } from "../../upgrade/upgrades.ts";
import type { Vitals } from "../reports/vitals.ts";

/** What a command may use. */
export interface CommandContext {
  readonly identity: NodeIdentity;
  readonly link: Link;
  readonly reporter: Reporter;
  readonly recent: RecentLines;
  readonly supervisor: Supervisor;
  readonly roster: Roster;
  readonly updates: Updates;
  readonly departures: Departures;
  readonly arrivals: Arrivals;
  readonly stateFiles: StateFiles;
  readonly enforcer: PolicyEnforcer;
  readonly tasks: Tasks;
  readonly requests: Requests;
  readonly vitals: Vitals;
  /** Commands for one agent do not overtake each other. */
  readonly turns: Turns;
  /** Whoever asks for the list costs the node no more than all who do. */
  readonly rollCall: Coalesced<Answer>;
  /** Whether the node is about to end. */
  readonly isClosing: () => boolean;
  /** How this node replaces its own runner; `undefined` where it cannot. */
  readonly upgrades: Upgrades | undefined;
  /** Ends the node. @param isRemoved whether nobody is to know it afterwards */
  readonly close: (reason: StopReason, isRemoved?: boolean) => void;
  /** Ends the node, for its next start to run another runner. */
  readonly restart: () => void;
}

/** A command as it came. */
export interface Command {
  readonly topic: string;
  /** The payload as text. */
  readonly text: string;
  /** The payload as JSON; `undefined` when it is none. */
  readonly json: unknown;
  /** The broker has kept it from before this node's subscription. */
  readonly retained: boolean;
  /** The signature it came with, verified or not. */
  readonly jws?: string | undefined;
  /** Whether it has been proved that somebody signed it whom this node trusts. */
  readonly isVerified?: boolean;
}

/** What goes back to the sender's reply topic beside `ok`. */
export type Answer = Readonly<Record<string, unknown>>;

/** A command that cannot be carried out; the message is for the operator. */
export class CommandError extends ExpectedError {
  override name = "CommandError";
  /** @param agent the agent it is about, for those who wait to hear of it */
  constructor(message: string, readonly agent?: string) {
    super(message);
  }
}

/** @throws CommandError when the payload is no JSON object */
export function objectPayload(command: Command, what: string): Readonly<Record<string, unknown>> {
  const { json } = command;
  if (isJsonObject(json)) {
    return json as Record<string, unknown>;
  }
  const got = json === undefined ? "something that is not JSON" : `${JSON.stringify(json)}`.slice(0, 80);
  throw new CommandError(`Cannot ${what}: the payload must be a JSON object, got ${got}`);
}
