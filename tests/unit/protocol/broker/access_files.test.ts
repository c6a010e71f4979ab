import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { credentialOptions } from "../../../../protocol/broker/access.ts";
import { join } from "@std/path";
import { readAccess } from "../../../../protocol/broker/access_files.ts";
import type { AccessSources } from "../../../../protocol/broker/broker_flags.ts";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { Secret } from "../../../../protocol/config/secret.ts";
import { CertificateAuthority, OPENSSL } from "../../../support/certificates.ts";
import { needing, ROOT } from "../../../support/programs.ts";

const NOTHING: AccessSources = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  username: undefined,
  passwordFile: undefined,
  password: undefined,
};

/** A folder with files of these contents, gone after the test; its files belong to this user alone. */
class Folder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async create(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir({ prefix: "agentflow-access-" }));
  }

  async write(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
    const path = join(this.path, name);
    await (typeof content === "string" ? Deno.writeTextFile(path, content) : Deno.writeFile(path, content));
    await Deno.chmod(path, mode);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const fails = async (sources: Partial<AccessSources>) =>
  (await assertRejects(() => readAccess({ ...NOTHING, ...sources }, () => {}), ConfigError)).message;

Deno.test("without sources nothing is shown to the broker", async () => {
  assertEquals(await readAccess(NOTHING, () => {}), {});
});

Deno.test("the password is the one line of its file, and wins over the environment's", async () => {
  await using folder = await Folder.create();
  for (const content of ["hush", "hush\n", "hush\r\n"]) {
    const passwordFile = await folder.write("password", content);
    const sources = { ...NOTHING, username: "u", passwordFile, password: new Secret("from-env") };
    const { username, password } = await readAccess(sources, () => {});
    assertEquals([username, password?.reveal()], ["u", "hush"]);
  }
  const { password } = await readAccess({ ...NOTHING, username: "u", password: new Secret("env") }, () => {});
  assertEquals(password?.reveal(), "env");
});

Deno.test("an empty file is an empty password, which is sent to the broker as one", async () => {
  await using folder = await Folder.create();
  for (const content of ["", "\n", "\ufeff"]) {
    const passwordFile = await folder.write("password", content);
    const access = await readAccess({ ...NOTHING, username: "u", passwordFile }, () => {});
    assertEquals(access.password?.reveal(), "");
    assertEquals(credentialOptions(access).password, "");
  }
});

Deno.test("a file that holds no password is refused", async () => {
  await using folder = await Folder.create();
  const file = (content: string | Uint8Array) => folder.write("password", content);
  const path = join(folder.path, "password");
  const cases: [content: string | Uint8Array, message: string][] = [
    ["a\nb\n", `--password-file: '${path}' has more than one line`],
    ["x".repeat(65_536), `--password-file: the password in '${path}' is longer than 65535 bytes`],
    [new Uint8Array([0xff, 0xfe]), `--password-file: cannot read '${path}': it is not text`],
  ];
  for (const [content, message] of cases) {
    assertEquals(await fails({ username: "u", passwordFile: await file(content) }), message);
  }
});

Deno.test("a file that cannot be read is refused with the reason", async () => {
  await using folder = await Folder.create();
  const missing = join(folder.path, "missing");
  assertEquals(await fails({ ca: missing }), `--ca: cannot read '${missing}': no such file`);
  assertEquals(
    await fails({ passwordFile: missing }),
    `--password-file: cannot read '${missing}': no such file`,
  );
  assertEquals(
    await fails({ cert: missing, key: missing }),
    `--cert: cannot read '${missing}': no such file`,
  );
  assertStringIncludes(await fails({ ca: folder.path }), `--ca: cannot read '${folder.path}': `);
});

Deno.test("a password file of this user that others may use is refused", async () => {
  await using folder = await Folder.create();
  for (const mode of [0o640, 0o604, 0o620, 0o644]) {
    const passwordFile = await folder.write("password", "hush", mode);
    assertEquals(
      await fails({ username: "u", passwordFile }),
      `--password-file: other users have access to '${passwordFile}' (mode 0${
        mode.toString(8)
      }): chmod 600 ${passwordFile}`,
    );
  }
});

Deno.test({
  ...needing(
    ROOT,
    "a password file of another owner may be open to a group, and gives a warning when it is to everybody",
  ),
  fn: async () => {
    await using folder = await Folder.create();
    const warnings: string[] = [];
    for (const mode of [0o440, 0o444]) {
      const passwordFile = await folder.write("password", "hush", mode);
      await Deno.chown(passwordFile, 1, 1);
      const sources = { ...NOTHING, username: "u", passwordFile };
      const { password } = await readAccess(sources, (message) => warnings.push(message));
      assertEquals(password?.reveal(), "hush");
    }
    assertEquals(warnings, [
      `Every user of this machine may use '${join(folder.path, "password")}' of --password-file (mode 0444)`,
    ]);
  },
});

Deno.test({
  ...needing(OPENSSL, "certificates and keys are read as they are, and what is none is refused"),
  fn: async () => {
    await using folder = await Folder.create();
    const authority = await CertificateAuthority.create(folder.path);
    const mine = await authority.issue("mine", { name: "mine" });
    const other = await authority.issue("other", { name: "other" });
    const bundle = await folder.write("bundle.crt", `# two\n${authority.ca.cert}${other.cert}`);
    const access = await readAccess(
      { ...NOTHING, ca: bundle, cert: mine.certPath, key: mine.keyPath },
      () => {},
    );
    assertEquals(access.ca, await Deno.readTextFile(bundle));
    assertEquals([access.identity?.certificate, access.identity?.key.reveal()], [mine.cert, mine.key]);

    const noise = await folder.write("noise", "noise");
    const broken = await folder.write("broken", mine.cert.replace(/\nM.{20}/, "\nMIIB"));
    const badKey = await folder.write("bad.key", mine.key.replace(/\nM.{20}/, "\nMIIB"));
    const locked = await folder.write("locked.key", mine.key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"));
    const openKey = await folder.write("open.key", mine.key, 0o644);
    const cases: [sources: Partial<AccessSources>, message: string][] = [
      [{ ca: noise }, `--ca: '${noise}' does not hold a certificate in PEM form`],
      [{ ca: broken }, `--ca: '${broken}' does not hold a certificate in PEM form`],
      [{ ca: mine.keyPath }, `--ca: '${mine.keyPath}' does not hold a certificate in PEM form`],
      [{ cert: noise, key: mine.keyPath }, `--cert: '${noise}' does not hold a certificate in PEM form`],
      [{ cert: mine.certPath, key: noise }, `--key: '${noise}' does not hold a private key in PEM form`],
      [{ cert: mine.certPath, key: badKey }, `--key: '${badKey}' does not hold a private key in PEM form`],
      [
        { cert: mine.certPath, key: locked },
        `--key: the key in '${locked}' needs a passphrase: give one that is not encrypted`,
      ],
      [
        { cert: mine.certPath, key: other.keyPath },
        `--key: the key in '${other.keyPath}' does not belong to the certificate in '${mine.certPath}'`,
      ],
      [
        { cert: mine.certPath, key: openKey },
        `--key: other users have access to '${openKey}' (mode 0644): chmod 600 ${openKey}`,
      ],
    ];
    for (const [sources, message] of cases) assertEquals(await fails(sources), message);
  },
});
