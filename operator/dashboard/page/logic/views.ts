/** The views of the page, once: what the navigation, the keys, the titles and the address know of them. Pure. */

interface ViewRule {
  readonly label: string;
  /** What leads there behind `g`. */
  readonly key?: string;
  /** Only where control is allowed. */
  readonly needsControl?: true;
}

/** In the order of the navigation. */
export const VIEWS = {
  overview: { label: "Overview", key: "o" },
  agents: { label: "Agents", key: "a" },
  nodes: { label: "Nodes", key: "n" },
  logs: { label: "Logs", key: "l" },
  alerts: { label: "Alerts", key: "e" },
  timeline: { label: "Timeline", key: "t" },
  manifests: { label: "Manifests", key: "m" },
  chat: { label: "Chat", key: "c", needsControl: true },
  spawn: { label: "Spawn agent", needsControl: true },
} as const satisfies Readonly<Record<string, ViewRule>>;

export type View = keyof typeof VIEWS;

export const VIEW_ROWS = Object.entries(VIEWS) as readonly (readonly [View, ViewRule])[];

/** The view of that name; the overview for every other. */
export function viewNamed(name: string): View {
  return VIEW_ROWS.find(([view]) => view === name)?.[0] ?? "overview";
}

/** What is shown instead where control is not allowed. */
export function shownView(view: View, mayControl: boolean): View {
  const { needsControl }: ViewRule = VIEWS[view];
  return needsControl === true && !mayControl ? "overview" : view;
}
