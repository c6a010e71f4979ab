/** Finds steps that must not be carried out now, because they are outside a window. Pure. */
import { parseWindow, windowError, windowsAt } from "../../protocol/window.ts";
import { outsideWindow } from "../fleet/node_status.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Step, Wanted } from "./plan.ts";

/**
 * For steps that are sent as commands, which nodes obey at any time.
 * @returns why it waits, in words; `undefined` if it may be carried out now
 */
export function closedFor(
  step: Step,
  wanted: readonly Wanted[],
  fleet: Pick<Fleet, "node">,
  nowMs: number,
): string | undefined {
  const nodes = step.kind === "move" ? [step.node, step.from] : [step.node];
  const texts = [
    ...nodes.map((node) => fleet.node(node)?.window),
    wanted.find(({ node, config }) => node === step.node && config.name === step.agent)?.window,
  ];
  // Nodes of other versions may report anything.
  const windows = texts.flatMap((text) =>
    text === undefined || windowError(text) !== undefined ? [] : [parseWindow(text)]
  );
  const state = windowsAt(windows, nowMs);
  return state.isOpen ? undefined : `${outsideWindow(state.opensMs)}: apply again then`;
}

/** The windows of the agents that change on a node. */
export function windowsOf(
  node: string,
  wanted: readonly Wanted[],
  steps: readonly Step[],
): readonly string[] {
  const kept = new Set(steps.filter(({ kind }) => kind === "keep").map(({ agent }) => agent));
  const windows = wanted.flatMap(({ node: of, config, window }) =>
    of === node && window !== undefined && !kept.has(config.name) ? [window] : []
  );
  return [...new Set(windows)];
}

/** The field of a node's desired state that says which of its agents has which window, changed or not. */
export function entryWindows(
  node: string,
  wanted: readonly Wanted[],
): { readonly entry_windows?: Readonly<Record<string, string>> } {
  const windows = wanted.flatMap(({ node: of, config, window }) =>
    of === node && window !== undefined ? [[config.name, window] as const] : []
  );
  return windows.length === 0 ? {} : { entry_windows: Object.fromEntries(windows) };
}
