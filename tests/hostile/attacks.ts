/** All attacks. */
import type { Attack } from "./attack.ts";
import { beyond } from "./attacks/beyond.ts";
import { crowds } from "./attacks/crowds.ts";
import { device } from "./attacks/device.ts";
import { fatal } from "./attacks/fatal.ts";
import { files } from "./attacks/files.ts";
import { floods } from "./attacks/floods.ts";
import { hogs } from "./attacks/hogs.ts";
import { imports } from "./attacks/imports.ts";
import { insides } from "./attacks/insides.ts";
import { install } from "./attacks/install.ts";
import { modules } from "./attacks/modules.ts";
import { names } from "./attacks/names.ts";
import { net } from "./attacks/net.ts";
import { outside } from "./attacks/outside.ts";
import { pipe } from "./attacks/pipe.ts";
import { prototypes } from "./attacks/prototypes.ts";
import { python } from "./attacks/python.ts";
import { signed } from "./attacks/signed.ts";
import { stateFiles } from "./attacks/state_files.ts";
import { staticImports } from "./attacks/static_imports.ts";
import { storage } from "./attacks/storage.ts";
import { topics } from "./attacks/topics.ts";
import { trust } from "./attacks/trust.ts";
import { waysRound } from "./attacks/ways_round.ts";

/** Those that take longest come first: others go on beside them. */
export const ATTACKS: readonly Attack[] = [
  ...hogs,
  ...crowds,
  ...floods,
  ...python,
  ...beyond,
  ...signed,
  ...trust,
  ...names,
  ...topics,
  ...prototypes,
  ...pipe,
  ...fatal,
  ...storage,
  ...net,
  ...outside,
  ...device,
  ...modules,
  ...waysRound,
  ...insides,
  ...install,
  ...staticImports,
  ...imports,
  ...stateFiles,
  ...files,
];
