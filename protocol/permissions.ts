/** The kinds of permission that an agent can ask for beyond its sandbox, named as Deno names them. */

export const PERMISSION_KINDS = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;
export type PermissionKind = (typeof PERMISSION_KINDS)[number];

/** Entries of each kind: hosts, paths, names. */
export type Permissions = Readonly<Record<PermissionKind, readonly string[]>>;

/** No permissions. */
export const NO_PERMISSIONS: Permissions = Object.freeze({
  net: [],
  read: [],
  write: [],
  env: [],
  sys: [],
  run: [],
  ffi: [],
});
