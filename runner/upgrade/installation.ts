/**
 * The releases of the runner in its home folder: `releases/{release}/agentflow-node.js`. The link `current` points to
 * the release in use. While a new release is on trial, `trial/previous` names the one before it; the launcher
 * (scripts/agentflow-node.sh) goes back to that one if the new one does not come up.
 */
import { basename, join } from "@std/path";
import { readIfThere, removeIfThere, replaceDurably } from "../files/durable_file.ts";

export const BUNDLE_NAME = "agentflow-node.js";
/** How many releases are kept: the current one, the one before, and one more. */
const KEEP = 3;

/** What the launcher records about a trial. */
const TRIAL_FILES = ["previous", "starts"] as const;

/** A release on trial. */
export interface Trial {
  readonly previous: string;
  /** Seconds from its start. */
  readonly seconds: number;
}

export class Installation {
  /** @param home absolute */
  constructor(readonly home: string) {}

  /** The name of the release in use. @throws Deno's error if `current` is not a link */
  async current(): Promise<string> {
    return basename(await Deno.readLink(this.#path("current")));
  }

  /** The path of a release's bundle. */
  bundleOf(release: string): string {
    return this.#path("releases", release, BUNDLE_NAME);
  }

  /** Whether a release is still there. */
  async has(release: string): Promise<boolean> {
    return await readIfThere(this.bundleOf(release)) !== undefined;
  }

  /** Adds a release beside the one in use, with the other files of that one: its `deno`, the files of its flags. */
  async add(release: string, source: Uint8Array): Promise<void> {
    const to = this.#path("releases", release);
    await linkAll(this.#path("releases", await this.current()), to);
    await removeIfThere(this.bundleOf(release));
    await replaceDurably(this.bundleOf(release), source);
  }

  /** From its next start on the node runs `release`, on trial. */
  async beginTrial(release: string, seconds: number): Promise<void> {
    const previous = await this.current();
    await removeIfThere(this.#path("trial_failed"));
    await removeIfThere(this.#path("trial", "starts"));
    await Deno.mkdir(this.#path("trial"), { recursive: true });
    await replaceDurably(this.#path("trial", "seconds"), `${Math.ceil(seconds)}\n`);
    // Write the old release's name last: it is what starts the trial.
    await replaceDurably(this.#path("trial", "previous"), `${previous}\n`);
    await this.#use(release);
  }

  /** The trial that this process is on, if any. */
  async trial(): Promise<Trial | undefined> {
    const previous = (await readIfThere(this.#path("trial", "previous")))?.trim();
    if (previous === undefined || previous === "") return undefined;
    const seconds = Number(await readIfThere(this.#path("trial", "seconds")) ?? "");
    return { previous, seconds: seconds > 0 ? seconds : 60 };
  }

  /** Ends the trial: the new release stays, and old ones are deleted. */
  async passTrial(): Promise<void> {
    for (const file of TRIAL_FILES) await removeIfThere(this.#path("trial", file));
    await this.#prune();
  }

  /** Why the last trial failed, as written by the launcher; returned only once. */
  async takeFailure(): Promise<string | undefined> {
    const reason = (await readIfThere(this.#path("trial_failed")))?.trim();
    if (reason !== undefined) await removeIfThere(this.#path("trial_failed"));
    return reason;
  }

  async #use(release: string): Promise<void> {
    const link = this.#path("current.new");
    await removeIfThere(link);
    await Deno.symlink(join("releases", release), link);
    await Deno.rename(link, this.#path("current"));
  }

  async #prune(): Promise<void> {
    const current = await this.current();
    const others: { name: string; usedMs: number }[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#path("releases"))) {
      if (!isDirectory || name === current) continue;
      const { mtime } = await Deno.stat(this.#path("releases", name));
      others.push({ name, usedMs: mtime?.getTime() ?? 0 });
    }
    others.sort((a, b) => b.usedMs - a.usedMs);
    for (const { name } of others.slice(KEEP - 1)) {
      await Deno.remove(this.#path("releases", name), { recursive: true });
    }
  }

  #path(...parts: readonly string[]): string {
    return join(this.home, ...parts);
  }
}

/** Hard-links the files, which takes no space; existing files are replaced. */
async function linkAll(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true, mode: 0o700 });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) {
      await linkAll(join(from, name), join(to, name));
      continue;
    }
    await removeIfThere(join(to, name));
    await Deno.link(join(from, name), join(to, name));
  }
}
