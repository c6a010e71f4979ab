/**
 * The harness' source, part of the runner. In a bundled runner this module is replaced by one that holds the harness
 * as a single file of JavaScript: see `operator/release/bundle.ts`.
 */
import main from "../../agents/harness/main.ts" with { type: "text" };
import { SHARED_HARNESS } from "./shared_harness_source.ts";

/** A program in one or more files, by their paths in the project. */
export interface SourceTree {
  /** The main module. */
  readonly entry: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Every module the harness loads. */
export const HARNESS: SourceTree = {
  entry: "agents/harness/main.ts",
  files: {
    ...SHARED_HARNESS,
    "agents/harness/main.ts": main,
  },
};
