/** Formats the progress of a roll-out, for people and for programs. Pure. */
import type { Rollout } from "../../rollout/record.ts";
import type { EndedHow, RolloutState } from "../../rollout/state.ts";
import { subjectArgs, subjectWords } from "../../rollout/subject.ts";
import { EXIT } from "../exit_code.ts";
import { clockTime, count, duration } from "./units.ts";

const MAX_NAMES = 8;
const ENDED: Readonly<Record<EndedHow, string>> = {
  done: "done",
  halted: "halted",
  rolled_back: "rolled back",
  aborted: "aborted",
};

/** Who rolls out what, how far it is, its failed and waiting nodes, and the commands for it. */
export function rolloutLines(rollout: Rollout): string[] {
  const { fleet, by, at, message, state } = rollout;
  const why = message === "" ? "" : `: ${message}`;
  return [
    `Roll-out of ${subjectWords(fleet)} by ${by}, ${duration(Date.now() / 1000 - at)} ago${why}`,
    progressLine(state),
    ...nodeLines(state),
    ...adviceLines(fleet, state),
  ];
}

/** What can be done now: lines to paste. */
function adviceLines(fleet: string, { phase, isPaused }: RolloutState): string[] {
  const [resume, pause, abort] = ["resume", "pause", "abort"].map((verb) =>
    `agentflow rollout ${verb} ${subjectArgs(fleet)}`
  );
  const takesBack = `  ${abort} --rollback  takes all of it back`;
  if (phase.kind === "ended") return phase.how === "halted" ? [takesBack] : [];
  return [
    isPaused ? `  ${resume}  goes on` : `  ${pause}  begins no further wave`,
    ...(isPaused ? [] : [`  ${resume}  goes on if the machine that carries it out has died`]),
    `  ${abort}  leaves the changed nodes as they are`,
    takesBack,
  ];
}

/** What is happening now, in one line. */
export function progressLine(state: RolloutState): string {
  const line = phaseLine(state);
  const { phase, isPaused } = state;
  const isMoving = phase.kind === "changing" || phase.kind === "soaking";
  return isPaused && isMoving ? `${line}; paused after that` : line;
}

function phaseLine(state: RolloutState): string {
  const { phase, waves, wave, isPaused } = state;
  const which = `wave ${wave + 1} of ${waves.length}`;
  switch (phase.kind) {
    case "ready":
      return isPaused ? `paused before ${which}` : `${which} comes next`;
    case "changing":
      return `${which}: changes ${named(phase.nodes)}`;
    case "soaking":
      return `${which}: watches ${named(phase.nodes)} until ${clockTime(phase.untilMs)}`;
    case "withdrawing":
      return `takes back what ${named(phase.nodes)} did not take yet: ${phase.ends.why}`;
    case "reverting":
      return `gives ${named(phase.nodes)} the previous state back: ${phase.ends.why}`;
    case "ended":
      return `${ENDED[phase.how]}: ${count(state.changed.length, "node")} of ${waves.flat().length} changed${
        phase.why === "" ? "" : `; ${phase.why}`
      }`;
    default:
      return phase satisfies never;
  }
}

/** Failed nodes, and those that have not taken the change yet. */
export function nodeLines({ failures, pending }: RolloutState): string[] {
  return [
    ...Object.entries(failures).map(([node, why]) => `failed  ${node}: ${why}`),
    ...Object.entries(pending).filter(([node]) => failures[node] === undefined)
      .map(([node, why]) => `waits  ${node}: ${why}`),
  ];
}

/** A roll-out that is under way counts as pending. */
export function rolloutExit({ phase, failures, pending }: RolloutState): number {
  if (phase.kind !== "ended") return EXIT.pending;
  if (phase.how !== "done" || Object.keys(failures).length > 0) return EXIT.failed;
  return Object.keys(pending).length > 0 ? EXIT.pending : EXIT.ok;
}

function named(nodes: readonly string[]): string {
  const shown = nodes.slice(0, MAX_NAMES).join(", ");
  return nodes.length > MAX_NAMES ? `${shown} and ${nodes.length - MAX_NAMES} more` : shown;
}
