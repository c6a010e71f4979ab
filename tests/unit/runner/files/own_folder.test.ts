/** Folders whose content is believed. */
import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { ownFolder } from "../../../../runner/files/own_folder.ts";
import { withFolder } from "../../../support/temp_folder.ts";
import { needing, ROOT } from "../../../support/programs.ts";

Deno.test("a work folder that is a link is used by its own path, one that is not there is made", async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/private`);
    await Deno.symlink("private", `${dir}/cache`);
    assertEquals(await ownFolder(`${dir}/cache`, "--work-dir"), `${dir}/private`);
    assertEquals(await ownFolder(`${dir}/new`, "--work-dir"), `${dir}/new`);
    assertEquals((await Deno.stat(`${dir}/new`)).isDirectory, true);
  });
});

Deno.test("a work folder that others can write to is refused, or one below such a folder", async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/open/below`, { recursive: true });
    await Deno.chmod(`${dir}/open`, 0o777);
    for (const path of ["open", "open/below", "open/new"]) {
      await assertRejects(() => ownFolder(`${dir}/${path}`, "--work-dir"), ConfigError, "changed by others");
    }
    // As /tmp is: what is there is safe from others.
    await Deno.chmod(`${dir}/open`, 0o1777);
    assertEquals(await ownFolder(`${dir}/open/below`, "--work-dir"), `${dir}/open/below`);
  });
});

Deno.test(needing(ROOT, "a work folder of another user is refused"), async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/theirs/below`, { recursive: true });
    await Deno.chown(`${dir}/theirs`, 65534, 65534);
    for (const path of ["theirs", "theirs/below"]) {
      await assertRejects(
        () => ownFolder(`${dir}/${path}`, "--work-dir"),
        ConfigError,
        "belongs to user 65534",
      );
    }
  });
});
