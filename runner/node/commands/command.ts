/** What all commands of a node share. */
import { isJsonObject } from "../../../protocol/json.ts";
import { ExpectedError } from "../../../protocol/expected_error.ts";
import type { Coalesced } from "../../coalesced.ts";
import type { Link } from "../../link/link.ts";
import type { ChangeWindows } from "../agents/change_windows.ts";
import type { FleetReports } from "../agents/fleet_reports.ts";
import type { Generations } from "../../store/generations.ts";
import type { PolicyEnforcer } from "../../policy/policy_enforcer.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { StopReason } from "../../supervisor/state.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { Arrivals } from "../migration/arrivals.ts";
import type { DeviceDesk } from "../agents/devices.ts";
import type { Departures } from "../migration/departures.ts";
import type { NodeIdentity } from "../reports/identity.ts";
import type { Inventory } from "../reports/inventory.ts";
import type { RecentLines } from "../reports/recent_lines.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { OwnTopics } from "../agents/own_topics.ts";
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
  readonly generations: Generations;
  readonly fleetReports: FleetReports;
  readonly changeWindows: ChangeWindows;
  readonly departures: Departures;
  readonly arrivals: Arrivals;
  readonly stateFiles: StateFiles;
  readonly enforcer: PolicyEnforcer;
  readonly tasks: Tasks;
  readonly ownTopics: OwnTopics;
  readonly devices: DeviceDesk;
  readonly inventory: Inventory;
  readonly requests: Requests;
  readonly vitals: Vitals;
  /** Commands for one agent do not overtake each other. */
  readonly turns: Turns;
  /** Answers many requests for the list with one reply. */
  readonly rollCall: Coalesced<Answer>;
  /** Whether the node is shutting down. */
  readonly isClosing: () => boolean;
  /** Replaces this node's own runner; `undefined` if it cannot. */
  readonly upgrades: Upgrades | undefined;
  /** Ends the node. @param isRemoved whether its retained reports are cleared */
  readonly close: (reason: StopReason, isRemoved?: boolean) => void;
  /** Ends the node so that its next start uses another runner. */
  readonly restart: () => void;
}

/** A command as received. */
export interface Command {
  readonly topic: string;
  /** The payload as text. */
  readonly text: string;
  /** The payload as JSON; `undefined` if it is not JSON. */
  readonly json: unknown;
  /** Whether the broker had retained it from before this node's subscription. */
  readonly retained: boolean;
  /** The signature it came with, verified or not. */
  readonly jws?: string | undefined;
  /** Whether a signature by a trusted key has been verified. */
  readonly isVerified?: boolean;
}

/** The fields of the reply to the sender; `ok` is true unless it is one of them. */
export type Answer = Readonly<Record<string, unknown>>;

/** A command that cannot be carried out; the message is for the operator. */
export class CommandError extends ExpectedError {
  override name = "CommandError";
  /** @param agent the agent it concerns, for clients that wait for it */
  constructor(message: string, readonly agent?: string) {
    super(message);
  }
}

/** @throws CommandError when the payload is not a JSON object */
export function objectPayload(command: Command, what: string): Readonly<Record<string, unknown>> {
  const { json } = command;
  if (isJsonObject(json)) {
    return json as Record<string, unknown>;
  }
  const got = json === undefined ? "something that is not JSON" : `${JSON.stringify(json)}`.slice(0, 80);
  throw new CommandError(`Cannot ${what}: the payload must be a JSON object, got ${got}`);
}
