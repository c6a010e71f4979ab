/** Where things are on a device. Pure. */

/** Whose service manager runs the node: the user's own, or that of the system. */
export const SCOPES = ["user", "system"] as const;
export type Scope = (typeof SCOPES)[number];

/** Paths of a node on its device; all absolute. */
export interface Layout {
  /** `~/agentflow`, shared by all nodes of this user. */
  readonly base: string;
  /** The node's own folder. */
  readonly node: string;
  /** Leads to the release in use. */
  readonly current: string;
  /** Starts the release in use, and goes back to the one before when a node has upgraded itself in vain. */
  readonly launcher: string;
  readonly state: string;
  readonly work: string;
  readonly unitName: string;
  readonly unitPath: string;
}

export function layoutOf(home: string, node: string, scope: Scope): Layout {
  const base = `${home}/agentflow`;
  const own = `${base}/nodes/${node}`;
  const unitName = `agentflow-${node}.service`;
  const units = scope === "system" ? "/etc/systemd/system" : `${home}/.config/systemd/user`;
  return {
    base,
    node: own,
    current: `${own}/current`,
    launcher: `${own}/bin/agentflow-node`,
    state: `${own}/state`,
    work: `${own}/work`,
    unitName,
    unitPath: `${units}/${unitName}`,
  };
}

export function otherScope(scope: Scope): Scope {
  return scope === "user" ? "system" : "user";
}
