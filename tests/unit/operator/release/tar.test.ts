/** Archives, read back by the system's own tar. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { tar, type TarEntry } from "../../../../operator/release/tar.ts";

async function bytesOf(entries: readonly TarEntry[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Blob(await Array.fromAsync(tar(entries, 1_700_000_000)) as BlobPart[]).arrayBuffer(),
  );
}

const text = (path: string, content: string, mode = 0o644): TarEntry => ({
  kind: "bytes",
  path,
  mode,
  bytes: new TextEncoder().encode(content),
});

Deno.test("archive is what tar unpacks: names, contents, modes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-tar-test-" });
  try {
    const long = `${"folder-".repeat(12)}/${"name".repeat(20)}`;
    const source = join(folder, "source");
    await Deno.writeTextFile(source, "x".repeat(1000));
    const entries: TarEntry[] = [
      text("a/empty", ""),
      text("secret", "s", 0o600),
      text(long, "long"),
      { kind: "file", path: "file", mode: 0o755, source },
    ];
    const archive = join(folder, "archive.tar");
    await Deno.writeFile(archive, await bytesOf(entries));
    const args = ["-xpf", archive, "-C", folder];
    const { success, stderr } = await new Deno.Command("tar", { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(await Deno.readTextFile(join(folder, long)), "long");
    assertEquals(await Deno.readTextFile(join(folder, "file")), "x".repeat(1000));
    assertEquals(((await Deno.stat(join(folder, "secret"))).mode ?? 0) & 0o777, 0o600);
    assertEquals((await Deno.stat(join(folder, "a/empty"))).size, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("archive of the same entries is the same bytes", async () => {
  const entries = [text("a", "1"), text("b", "2")];
  assertEquals(await bytesOf(entries), await bytesOf(entries));
});

Deno.test("archive refuses a path that the format cannot hold", async () => {
  await assertRejects(() => bytesOf([text("n".repeat(101), "")]), Error, "the path is too long");
});
