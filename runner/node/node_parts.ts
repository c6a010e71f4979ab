/** What a node is built from, and the parts that it has then. */
import type { Audit } from "../audit/audit_log.ts";
import type { Denials } from "../audit/denials.ts";
import type { Clock } from "../clock.ts";
import type { Link, LinkListener } from "../link/link.ts";
import type { Logger } from "../logger.ts";
import type { OpenDevices } from "../devices/open_devices.ts";
import type { Places } from "../devices/places.ts";
import type { Sensors } from "../devices/sensors.ts";
import type { PolicyEnforcer } from "../policy/policy_enforcer.ts";
import type { Totals } from "../policy/totals.ts";
import type { Registry } from "../store/registry.ts";
import type { ChangeWindows } from "./agents/change_windows.ts";
import type { Generations } from "../store/generations.ts";
import type { StateFiles } from "../store/state_files.ts";
import type { Runtime } from "../supervisor/ports.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { CommandGate } from "../trust/command_gate.ts";
import type { Upgrades } from "../upgrade/upgrades.ts";
import type { Admissions } from "./intake/admissions.ts";
import type { AgentEvents } from "./agents/agent_events.ts";
import type { Arrivals } from "./migration/arrivals.ts";
import type { CommandContext } from "./commands/command.ts";
import type { Controller } from "./intake/controller.ts";
import type { CpuGuard } from "./agents/cpu_guard.ts";
import type { Departures } from "./migration/departures.ts";
import type { Echo } from "./reports/echo.ts";
import type { NodeIdentity } from "./reports/identity.ts";
import type { FleetReports } from "./agents/fleet_reports.ts";
import type { Manifests } from "./agents/manifests.ts";
import type { HomeAssistant } from "./home_assistant/home_assistant.ts";
import type { Inventory } from "./reports/inventory.ts";
import type { OwnTopics } from "./agents/own_topics.ts";
import type { Presence } from "./reports/presence.ts";
import type { Reporter } from "./reports/reporter.ts";
import type { Placements } from "./agents/placements.ts";
import type { Requests } from "./agents/requests.ts";
import type { Roster } from "./agents/roster.ts";
import type { Subscriptions } from "./agents/subscriptions.ts";
import type { Tasks } from "./agents/tasks.ts";
import type { Traffic } from "./agents/traffic.ts";
import type { Updates } from "./agents/updates.ts";
import type { Vitals } from "./reports/vitals.ts";
import type { Wiretap } from "./migration/wiretap.ts";
/** What a node is built from. */
export interface NodeParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly link: Link;
  readonly runtime: Runtime<SupervisedAgent>;
  readonly stateFiles: StateFiles;
  readonly registry: Registry;
  readonly enforcer: PolicyEnforcer;
  /** The discovery prefix of Home Assistant, if the node announces itself there. */
  readonly homeAssistant?: string | undefined;
  readonly sensors: Sensors;
  readonly openDevices: OpenDevices;
  readonly places: Places;
  /** Resident memory of an agent, MiB, unless the policy says otherwise. */
  readonly memoryMb: number;
  /** What all agents may use together. */
  readonly totals: Totals;
  /** Opens a link for the agents' own subscriptions, when the first of them is made. @param line its number, from 0 */
  readonly openAgentLink: (listener: LinkListener, line: number) => Link;
  readonly hangTimeoutMs: number;
  readonly migrateTimeoutMs: number;
  /** Checks commands; without it, every command is obeyed. */
  readonly gate?: CommandGate | undefined;
  readonly audit: Audit;
  /** Replaces the node's own runner; without it, the node cannot be upgraded. */
  readonly upgrades?: Upgrades | undefined;
  /** Whether an agent may be briefly stopped, where no cgroup limits its CPU share. */
  readonly mayStop: () => Promise<boolean>;
  /** Access that agents were denied. */
  readonly denials: Denials;
}

/** How a node ends, for the parts that can end it. */
export interface NodeLife extends Pick<CommandContext, "isClosing" | "close" | "restart"> {
  /** Another process had the name first. @param message for the operator */
  readonly yieldName: (message: string, kept?: Uint8Array) => void;
}

/** The parts of one node. */
export interface Assembly {
  readonly supervisor: Supervisor;
  readonly reporter: Reporter;
  readonly echo: Echo;
  /** Guards that end agents which exceed a limit. */
  readonly guards: readonly { run(signal: AbortSignal): Promise<void> }[];
  readonly cpuGuard: CpuGuard;
  readonly vitals: Vitals;
  readonly inventory: Inventory;
  readonly manifests: Manifests;
  readonly homeAssistant: HomeAssistant | undefined;
  readonly tasks: Tasks;
  readonly requests: Requests;
  readonly subscriptions: Subscriptions;
  readonly ownTopics: OwnTopics;
  readonly roster: Roster;
  readonly updates: Updates;
  readonly generations: Generations;
  readonly fleetReports: FleetReports;
  readonly changeWindows: ChangeWindows;
  readonly arrivals: Arrivals;
  readonly departures: Departures;
  readonly wiretap: Wiretap;
  readonly presence: Presence;
  readonly placements: Placements;
  readonly traffic: Traffic;
  readonly admissions: Admissions;
  readonly controller: Controller;
  readonly events: AgentEvents;
}
