import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { removeDurably, replaceDurably } from "../../../../runner/files/durable_file.ts";

/** Lets each sync of a folder fail as a file system does. */
async function withFailingSync(code: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const { sync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.sync = async function (this: Deno.FsFile) {
    if ((await this.stat()).isDirectory) throw Object.assign(new Error(`${code} (os error)`), { code });
    await sync.call(this);
  };
  try {
    await work(folder);
  } finally {
    Deno.FsFile.prototype.sync = sync;
    await Deno.remove(folder, { recursive: true });
  }
}

for (const code of ["EINVAL", "ENOTSUP"]) {
  Deno.test(`a file system that syncs no folders (${code}) keeps files all the same`, () =>
    withFailingSync(code, async (folder) => {
      const path = join(folder, "kept");
      await replaceDurably(path, "text");
      assertEquals(await Deno.readTextFile(path), "text");
      await removeDurably(path);
      await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    }));
}

Deno.test("a disk that fails is told", () =>
  withFailingSync("EIO", async (folder) => {
    const path = join(folder, "kept");
    await assertRejects(() => replaceDurably(path, "text"), Error, "EIO");
  }));
