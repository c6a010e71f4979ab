/** The layout of files on a device. Pure. */

/** Which service manager runs the node: the user's or the system's. */
export const SCOPES = ["user", "system"] as const;
export type Scope = (typeof SCOPES)[number];

/** Absolute paths of a node on its device. */
export interface Layout {
  /** `~/agentflow`, shared by all of this user's nodes. */
  readonly base: string;
  /** The node's own folder. */
  readonly node: string;
  /** Link to the release in use. */
  readonly current: string;
  /** Starts the release in use, and rolls back to the previous one when a node's self-upgrade has failed. */
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
