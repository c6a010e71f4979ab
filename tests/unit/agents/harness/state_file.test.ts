import { assertEquals, assertThrows } from "@std/assert";
import { StateError, StateFile } from "../../../../agents/harness/state_file.ts";

/** Runs `work` in a folder of its own. */
function inFolder(work: (path: string, folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "agentflow-test-" });
  try {
    work(`${folder}/state.json`, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("what was persisted is recalled, by this process and by the next", () => {
  inFolder((path) => {
    const values = { text: "ü", number: 1.5, list: [1, null], nothing: null, 'odd " key': true };
    const file = new StateFile(path, 1e6);
    for (const [key, value] of Object.entries(values)) file.persist(key, value);
    const next = new StateFile(path, 1e6);
    for (const [key, value] of Object.entries(values)) {
      assertEquals(file.recall(key), value);
      assertEquals(next.recall(key), value);
    }
    assertEquals(JSON.parse(Deno.readTextFileSync(path)), values);
  });
});

Deno.test("a key that was never persisted is its fallback", () => {
  inFolder((path) => {
    const file = new StateFile(path, 1e6);
    assertEquals([file.recall("k"), file.recall("k", 5)], [undefined, 5]);
    file.persist("k", undefined);
    assertEquals(file.recall("k", 5), null);
  });
});

Deno.test("names of every object's members are keys like any other", () => {
  inFolder((path) => {
    const file = new StateFile(path, 1e6);
    assertEquals([file.recall("constructor"), file.recall("__proto__")], [undefined, undefined]);
    file.persist("__proto__", { a: 1 });
    assertEquals(new StateFile(path, 1e6).recall("__proto__"), { a: 1 });
  });
});

Deno.test("changing a value after it was persisted, or recalled, changes nothing in the state", () => {
  inFolder((path) => {
    const file = new StateFile(path, 1e6);
    const list = [1];
    file.persist("k", list);
    list.push(2);
    (file.recall("k") as number[]).push(3);
    assertEquals(file.recall("k"), [1]);
  });
});

Deno.test("what cannot be kept is refused with the reason, and the old value stays", () => {
  inFolder((path) => {
    const file = new StateFile(path, 100);
    file.persist("k", "old");
    assertThrows(() => file.persist("k", 1n), StateError, "Cannot persist 'k': the value is not JSON: ");
    assertThrows(
      () => file.persist("k", "x".repeat(100)),
      StateError,
      "Cannot persist 'k': the state file would have 108 bytes, the limit is 100",
    );
    assertThrows(
      () => file.persist(5 as unknown as string, 1),
      StateError,
      "the key must be a string, got number",
    );
    assertEquals([file.recall("k"), new StateFile(path, 100).recall("k")], ["old", "old"]);
  });
});

Deno.test("the file is replaced as a whole: nothing temporary is left, and only its owner can read it", () => {
  inFolder((path, folder) => {
    Deno.writeTextFileSync(`${path}.tmp`, "left over");
    new StateFile(path, 1e6).persist("k", 1);
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["state.json"]);
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("a link in the place of the temporary file is not followed", () => {
  inFolder((path, folder) => {
    Deno.writeTextFileSync(`${folder}/victim`, "precious");
    Deno.symlinkSync(`${folder}/victim`, `${path}.tmp`);
    new StateFile(path, 1e6).persist("k", 1);
    assertEquals(Deno.readTextFileSync(`${folder}/victim`), "precious");
  });
});

Deno.test("a folder that is not there is told to the agent's author", () => {
  inFolder((_, folder) => {
    const file = new StateFile(`${folder}/missing/state.json`, 1e6);
    assertThrows(() => file.persist("k", 1), StateError, "Cannot persist 'k': ");
  });
});

/** As the runner makes them for a process that can make no files. */
function fixed(path: string): StateFile {
  Deno.writeTextFileSync(path, "{ }", { createNew: true });
  Deno.writeTextFileSync(`${path}.tmp`, "", { createNew: true });
  return new StateFile(path, 1e6, true);
}

Deno.test("fixed files: what was persisted is in the file, and its next version is empty", () => {
  inFolder((path, folder) => {
    const file = fixed(path);
    assertEquals(file.recall("k", "none"), "none");
    const before = Deno.statSync(path).ino;
    file.persist("k", "a long value, which the next one does not reach to the end of");
    file.persist("k", 1);
    assertEquals(Deno.readTextFileSync(path), '{"k":1}');
    assertEquals(Deno.readTextFileSync(`${path}.tmp`), "");
    assertEquals(Deno.statSync(path).ino, before);
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    assertEquals(new StateFile(path, 1e6, true).recall("k"), 1);
  });
});

Deno.test("fixed files: the next version holds what the file itself could not take, until it can", () => {
  inFolder((path) => {
    const file = fixed(path);
    file.persist("k", 1);
    Deno.renameSync(path, `${path}.away`);
    // Kept: the runner reads the next version first.
    file.persist("k", 2);
    assertEquals(Deno.readTextFileSync(`${path}.tmp`), '{"k":2}');
    // The next version is not touched as long as the file itself has not got what is in it.
    assertThrows(() => file.persist("k", 3), StateError, "Cannot persist 'k': ");
    assertEquals(Deno.readTextFileSync(`${path}.tmp`), '{"k":2}');
    assertEquals(file.recall("k"), 2);
    Deno.renameSync(`${path}.away`, path);
    file.persist("k", 4);
    assertEquals([path, `${path}.tmp`].map((one) => Deno.readTextFileSync(one)), ['{"k":4}', ""]);
  });
});

Deno.test("fixed files: what cannot be written leaves the file as it is", () => {
  inFolder((path) => {
    const file = fixed(path);
    file.persist("k", 1);
    Deno.removeSync(`${path}.tmp`);
    assertThrows(() => file.persist("k", 2), StateError, "Cannot persist 'k': ");
    assertEquals([Deno.readTextFileSync(path), file.recall("k")], ['{"k":1}', 1]);
  });
});
