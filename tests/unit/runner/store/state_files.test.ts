/** What lies where an agent's state file belongs, and what an earlier version has left. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { StateFileError, StateFiles } from "../../../../runner/store/state_files.ts";
import { withFolder } from "../../../support/temp_folder.ts";
import { needing, ROOT } from "../../../support/programs.ts";

Deno.test("what a process has left in place of its state file, or beside it, goes with it", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    const path = files.pathOf("a");
    assertEquals([...files.litterers()], []);
    await Deno.mkdir(`${path}/deep/deeper`, { recursive: true });
    assertEquals([...files.litterers()], ["a"]);
    await Deno.mkdir(`${path}.tmp`);
    for (const name of ["-journal", "-wal", "-shm", ".tmp-journal"]) {
      await Deno.writeTextFile(path + name, "x");
    }
    await files.clear("a");
    assertEquals([...Deno.readDirSync(dir)], []);
  });
});

Deno.test("what the files of each agent take is measured, whatever they are called", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    const size = 512 * 1024;
    const content = new Uint8Array(size).fill(1);
    await Deno.mkdir(`${dir}/agentflow_n.registry`);
    for (const suffix of ["", ".tmp", ".damaged"]) await Deno.writeFile(files.pathOf("a") + suffix, content);
    await Deno.writeFile(files.pathOf("b"), content);
    await Deno.writeFile(`${dir}/something-else`, content);
    // A sparse file takes no room.
    await Deno.writeFile(files.pathOf("c"), new Uint8Array());
    await Deno.truncate(files.pathOf("c"), 1 << 30);
    const sizes = files.sizesMb();
    assertEquals([...sizes.keys()].sort(), ["a", "b", "c"]);
    assertEquals([sizes.get("a"), sizes.get("b"), sizes.get("c")], [1.5, 0.5, 0]);
  });
});

Deno.test("a state file, its next version and what was set aside are no litter", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    const names = [
      "agentflow_a_state.json",
      "agentflow_a_state.json.tmp",
      "agentflow_a_state.json.damaged-1",
    ];
    for (const name of names) await Deno.writeTextFile(`${dir}/${name}`, '{"k":1}');
    await Deno.mkdir(`${dir}/agentflow_n.registry`);
    assertEquals([...files.litterers()], []);
    await files.clear("a");
    assertEquals([...Deno.readDirSync(dir)].length, 4);
  });
});

Deno.test("however often an agent damages its file, one is set aside", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    for (const content of ["x", "y"]) {
      await Deno.writeTextFile(files.pathOf("a"), content);
      await files.prepare("a");
    }
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["agentflow_a_state.json.damaged"]);
    assertEquals(await Deno.readTextFile(`${files.pathOf("a")}.damaged`), "y");
    await files.remove("a");
    assertEquals([...Deno.readDirSync(dir)], []);
  });
});

Deno.test("deleting what an agent has kept leaves nothing of it", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    await Deno.mkdir(`${files.pathOf("a")}/x`, { recursive: true });
    await Deno.writeTextFile(`${files.pathOf("a")}-wal`, "x");
    await Deno.writeTextFile(`${files.pathOf("a")}.tmp`, "x");
    await files.remove("a");
    assertEquals([...Deno.readDirSync(dir)], []);
  });
});

Deno.test("a state file is for its owner alone, whatever mode agent code has given it", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    await Deno.writeTextFile(files.pathOf("a"), "{}");
    await Deno.chmod(files.pathOf("a"), 0o6777);
    await files.prepare("a");
    assertEquals(((await Deno.stat(files.pathOf("a"))).mode ?? 0) & 0o7777, 0o600);
  });
});

Deno.test("the state that an earlier version kept among the files of others is taken over", async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/own`);
    const files = new StateFiles(`${dir}/own`, Infinity, dir);
    await Deno.writeTextFile(`${dir}/agentflow_a_state.json`, `{"k":1}`, { mode: 0o600 });
    assertEquals(await files.read("a"), { k: 1 });
    assertEquals(await Deno.readTextFile(`${dir}/own/agentflow_a_state.json`), `{"k":1}`);
    // What is newer stays.
    await Deno.writeTextFile(`${dir}/agentflow_a_state.json`, `{"k":2}`, { mode: 0o600 });
    assertEquals(await files.read("a"), { k: 1 });
  });
});

Deno.test(needing(ROOT, "what others could have put there is not taken over"), async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/own`);
    const files = new StateFiles(`${dir}/own`, Infinity, dir);
    const path = (agent: string) => `${dir}/agentflow_${agent}_state.json`;
    for (const agent of ["foreign", "open", "linked"]) {
      await Deno.writeTextFile(path(agent), "{}", { mode: 0o600 });
    }
    await Deno.chown(path("foreign"), 65534, 65534);
    await Deno.chmod(path("open"), 0o666);
    await Deno.link(path("linked"), `${dir}/another-name`);
    await Deno.symlink("/etc/hostname", path("link"));
    for (const agent of ["foreign", "open", "linked", "link"]) {
      assertStringIncludes(await files.prepare(agent) ?? "", "is not used");
      assertEquals(await files.read(agent), undefined);
    }
  });
});

Deno.test(
  needing(ROOT, "a folder of another user in place of a state file stays, and is refused"),
  async () => {
    await withFolder(async (dir) => {
      const files = new StateFiles(dir);
      await Deno.mkdir(files.pathOf("a"));
      await Deno.chown(files.pathOf("a"), 65534, 65534);
      await assertRejects(() => files.prepare("a"), StateFileError, "belongs to user 65534");
    });
  },
);

Deno.test("a next version that is complete was kept last, whatever became of the file itself", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    const path = files.pathOf("a");
    for (const torn of ['{"k":2,"long', '{"k":1}', ""]) {
      await Deno.writeTextFile(path, torn);
      await Deno.writeTextFile(`${path}.tmp`, '{"k":2}');
      assertEquals(await files.read("a"), { k: 2 });
      assertEquals(await files.prepare("a"), undefined);
      assertEquals(await Deno.readTextFile(path), '{"k":2}');
      assertEquals([...Deno.readDirSync(dir)].length, 1);
    }
    for (const half of ['{"k":3', "\0\0\0", "[]"]) {
      await Deno.writeTextFile(`${path}.tmp`, half);
      assertEquals(await files.read("a"), { k: 2 });
      assertEquals(await files.prepare("a"), undefined);
      assertEquals(await Deno.readTextFile(path), '{"k":2}');
    }
  });
});

Deno.test("files that are made for an agent before it starts go again when it has kept nothing", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    await files.prepare("a");
    assertEquals(files.fix("a"), true);
    assertEquals([...Deno.readDirSync(dir)].length, 2);
    assertEquals(await files.read("a"), undefined);
    await files.clear("a");
    assertEquals([...Deno.readDirSync(dir)], []);
    assertEquals(new StateFiles(`${dir}/missing`).fix("a"), false);
  });
});

Deno.test("state that is handed over takes the place of a next version that was left", async () => {
  await withFolder(async (dir) => {
    const files = new StateFiles(dir);
    await Deno.writeTextFile(`${files.pathOf("a")}.tmp`, '{"k":"old"}');
    await files.write("a", { k: "new" });
    assertEquals(await files.read("a"), { k: "new" });
  });
});
