/** The harness as it is written out: what is there already is trusted only where it is its very content. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { writeHarness } from "../../../../runner/process/harness_files.ts";
import { HARNESS } from "../../../../runner/process/harness_source.ts";
import { PYTHON_HARNESS } from "../../../../runner/process/python_harness_source.ts";

async function withFolder(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-harness-test-" });
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (
  const [name, { entry, files }] of Object.entries({ harness: HARNESS, "harness of Python": PYTHON_HARNESS })
) {
  Deno.test(`${name} has every module that its modules import`, () => {
    assert(entry in files);
    for (const [path, source] of Object.entries(files)) {
      for (const [, target = ""] of source.matchAll(/^(?!import type).*(?:from |import\()"(\.[^"]+)"/gm)) {
        const imported = join(dirname(path), target);
        const isTypeOnly = imported.endsWith("types.d.ts");
        assert(isTypeOnly || imported in files, `${path} imports ${imported}, which is not carried`);
      }
    }
  });
}

Deno.test("harness that was tampered with, or is stale, is written anew", async () => {
  await withFolder(async (dir) => {
    const entry = await writeHarness(dir);
    await Deno.writeTextFile(entry, "Deno.exit(0)");
    assertEquals(await writeHarness(dir), entry);
    assertEquals(await Deno.readTextFile(entry), HARNESS.files[HARNESS.entry]);
  });
});

Deno.test("harness is never used through a link, whatever it leads to", async () => {
  await withFolder(async (dir) => {
    const entry = await writeHarness(dir);
    const elsewhere = join(dir, "elsewhere.ts");
    await Deno.rename(entry, elsewhere);
    await Deno.symlink(elsewhere, entry);
    await writeHarness(dir);
    assert((await Deno.lstat(entry)).isFile);
  });
});

Deno.test("harness folder that others can write is refused, with what to do", async () => {
  await withFolder(async (dir) => {
    const folder = dirname(dirname(dirname(await writeHarness(dir))));
    await Deno.chmod(folder, 0o777);
    await assertRejects(() => writeHarness(dir), Error, "others may write there. Remove it, or choose");
    await Deno.remove(folder, { recursive: true });
    await Deno.symlink(dir, folder);
    await assertRejects(() => writeHarness(dir), Error, "it is no folder");
  });
});
