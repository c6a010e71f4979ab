/** The table of views: navigation, shortcuts, titles and URLs are derived from it. Pure. */

interface ViewRule {
  readonly label: string;
  /** The key after `g` that opens it. */
  readonly key?: string;
  /** Only shown when control is allowed. */
  readonly needsControl?: true;
}

/** In navigation order. */
export const VIEWS = {
  overview: { label: "Overview", key: "o" },
  agents: { label: "Agents", key: "a" },
  nodes: { label: "Nodes", key: "n" },
  logs: { label: "Logs", key: "l" },
  alerts: { label: "Alerts", key: "e" },
  notices: { label: "Notices", key: "w" },
  timeline: { label: "Timeline", key: "t" },
  manifests: { label: "Manifests", key: "m" },
  chat: { label: "Chat", key: "c", needsControl: true },
  spawn: { label: "Spawn agent", needsControl: true },
} as const satisfies Readonly<Record<string, ViewRule>>;

export type View = keyof typeof VIEWS;

export const VIEW_ROWS = Object.entries(VIEWS) as readonly (readonly [View, ViewRule])[];

/** The view of that name; the overview if there is none. */
export function viewNamed(name: string): View {
  return VIEW_ROWS.find(([view]) => view === name)?.[0] ?? "overview";
}

/** Shown instead when control is not allowed. */
export function shownView(view: View, mayControl: boolean): View {
  const { needsControl }: ViewRule = VIEWS[view];
  return needsControl === true && !mayControl ? "overview" : view;
}
