/** All attacks. */
import type { Attack } from "./attack.ts";
import { files } from "./attacks/files.ts";
import { imports } from "./attacks/imports.ts";
import { modules } from "./attacks/modules.ts";
import { net } from "./attacks/net.ts";
import { outside } from "./attacks/outside.ts";
import { storage } from "./attacks/storage.ts";

export const ATTACKS: readonly Attack[] = [
  ...files,
  ...imports,
  ...modules,
  ...outside,
  ...net,
  ...storage,
];
