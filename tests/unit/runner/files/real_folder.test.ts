/** Folders that are reached by a link. */
import { assertEquals } from "@std/assert";
import { realFolder } from "../../../../runner/files/real_folder.ts";

Deno.test("a work folder that is a link is used by its own path, one that is not there as it is named", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(`${dir}/private`);
    await Deno.symlink("private", `${dir}/cache`);
    assertEquals(await realFolder(`${dir}/cache`), `${dir}/private`);
    assertEquals(await realFolder(`${dir}/nowhere`), `${dir}/nowhere`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
