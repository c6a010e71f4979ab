/** Replaces the runner by one received over the bus, on trial. */
import type { Clock } from "../clock.ts";
import type { Installation } from "./installation.ts";
import { readUpgrade, UpgradeError } from "../../protocol/upgrade_package.ts";

export interface UpgradesParts {
  readonly installation: Installation;
  readonly clock: Clock;
  /** @throws UpgradeError when the runner in that file does not pass on this machine */
  readonly rehearse: (bundle: string) => Promise<void>;
  /** Reports something to the operator. */
  readonly say: (message: string, news: UpgradeNews) => void;
}

/** The result of an upgrade, for programs. */
export interface UpgradeNews {
  readonly upgrade: "passed" | "taken_back";
}

/** How long a new runner must hear itself on the broker to pass its trial, milliseconds. */
const HEALTHY_MS = 3000;

/** The result of an upgrade command. */
export interface Upgrade {
  readonly from: string;
  readonly release: string;
  /** `undefined` for a release that was there before. */
  readonly version: string | undefined;
  readonly trialSeconds: number;
  /** The release is already in use: there is nothing to do. */
  readonly unchanged: boolean;
}

/** Invariant: `current` and the release to go back to are always complete on disk. */
export class Upgrades {
  #underWay = false;
  #proving: Promise<void> | undefined;

  constructor(private readonly parts: UpgradesParts) {}

  /**
   * Makes the new runner, or a release that is still here, the one used at the next start.
   * @throws UpgradeError when it cannot be used; nothing has then changed
   */
  async prepare(json: unknown): Promise<Upgrade> {
    const { installation, rehearse } = this.parts;
    if (this.#underWay) throw new UpgradeError("another upgrade is in progress");
    this.#underWay = true;
    // This process is not the one on trial.
    this.#proving ??= Promise.resolve();
    try {
      if (await installation.trial() !== undefined) {
        throw new UpgradeError("this runner is still on trial: try again after its trial");
      }
      const wanted = readUpgrade(json);
      const { release, trialSeconds } = wanted;
      const version = "version" in wanted ? wanted.version : undefined;
      const from = await installation.current();
      if (release === from) return { from, release, version, trialSeconds, unchanged: true };
      if ("source" in wanted) await installation.add(release, wanted.source);
      else if (!await installation.has(release)) {
        throw new UpgradeError(`release ${release} is not on this node any more: send that runner again`);
      }
      await rehearse(installation.bundleOf(release));
      await installation.beginTrial(release, trialSeconds);
      return { from, release, version, trialSeconds, unchanged: false };
    } finally {
      this.#underWay = false;
    }
  }

  /** Reports a failed upgrade after this release has been restored. */
  async sayLastFailure(): Promise<void> {
    const reason = await this.parts.installation.takeFailure();
    if (reason === undefined) return;
    this.parts.say(`The upgrade of this node was rolled back: ${reason}`, { upgrade: "taken_back" });
  }

  /** The node's own message has come back from the broker: commands will reach it too. */
  heard(): void {
    this.#proving ??= this.#prove();
  }

  async #prove(): Promise<void> {
    const { installation, clock, say } = this.parts;
    if (await installation.trial() === undefined) return;
    await clock.sleep(HEALTHY_MS);
    await installation.passTrial();
    const release = await installation.current();
    say(`The upgrade of this node succeeded: it runs release ${release}`, { upgrade: "passed" });
  }
}
