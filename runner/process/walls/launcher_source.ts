/** The launcher's source, part of the runner. */
import type { SourceTree } from "../harness_source.ts";
import launcher from "./launcher.pl" with { type: "text" };

export const LAUNCHER: SourceTree = { entry: "launcher.pl", files: { "launcher.pl": launcher } };
