/** A runner as it is deployed: bundled into one file, in a release of its own, started by the launcher. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { BUNDLE_NAME } from "../../runner/upgrade/installation.ts";
import { packRunner, releaseOf } from "../../protocol/upgrade_package.ts";

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The runner of this checkout in one file. */
export async function bundledRunner(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-bundle-" });
  try {
    const output = join(dir, BUNDLE_NAME);
    await bundleRunner(output);
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Invariant: `home` is gone once it is disposed of. */
export class InstalledRunner implements AsyncDisposable {
  private constructor(readonly home: string, readonly release: string) {}

  static async make(bundle: string): Promise<InstalledRunner> {
    const home = await Deno.makeTempDir({ prefix: "agentflow-home-" });
    const release = releaseOf(new TextEncoder().encode(bundle));
    await Deno.mkdir(join(home, "releases", release), { recursive: true });
    await Deno.mkdir(join(home, "bin"));
    await Deno.writeTextFile(join(home, "releases", release, BUNDLE_NAME), bundle);
    await Deno.symlink(Deno.execPath(), join(home, "releases", release, "deno"));
    await Deno.symlink(join("releases", release), join(home, "current"));
    await Deno.copyFile(file("scripts/agentflow-node.sh"), join(home, "bin", "agentflow-node"));
    return new InstalledRunner(home, release);
  }

  /** What starts it. */
  get program(): readonly string[] {
    return [join(this.home, "bin", "agentflow-node")];
  }

  /** The release in use. */
  async current(): Promise<string> {
    return (await Deno.readLink(join(this.home, "current"))).split("/").at(-1) ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

/** A runner as the command `upgrade` carries it. */
export function packaged(bundle: string, trialSeconds = 60): Readonly<Record<string, unknown>> {
  return packRunner(new TextEncoder().encode(bundle), "9.9.9", trialSeconds);
}
