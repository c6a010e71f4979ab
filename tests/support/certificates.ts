/** Certificates for tests, good and bad, made by openssl. */
import { join } from "@std/path";
import { type Need, programs } from "./programs.ts";

export const OPENSSL: Need = programs("openssl", "openssl");

/** A certificate and its key, as files and as text (PEM). */
export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** The common name. */
  readonly name: string;
  /** As openssl takes it: `DNS:localhost,IP:127.0.0.1`. */
  readonly altNames?: string;
  /** Below 0: it has expired. */
  readonly days?: number;
}

/** Signs certificates; its own is `ca`. All files are in `dir`. */
export class CertificateAuthority {
  private constructor(private readonly dir: string, readonly ca: Certificate) {}

  static async create(dir: string, name = "ca"): Promise<CertificateAuthority> {
    await openssl(dir, [
      "req",
      "-x509",
      ...newKey(name),
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
      "-out",
      `${name}.crt`,
    ]);
    return new CertificateAuthority(dir, await load(dir, name));
  }

  /** @param file name of the files, without their ends */
  async issue(file: string, { name, altNames, days = 30 }: CertificateOptions): Promise<Certificate> {
    const { dir, ca } = this;
    await openssl(dir, ["req", "-new", ...newKey(file), "-subj", `/CN=${name}`, "-out", `${file}.csr`]);
    await Deno.writeTextFile(
      join(dir, `${file}.ext`),
      altNames === undefined ? "" : `subjectAltName=${altNames}\n`,
    );
    const signer = ["-CA", ca.certPath, "-CAkey", ca.keyPath, "-CAcreateserial"];
    const request = ["x509", "-req", "-in", `${file}.csr`, "-extfile", `${file}.ext`];
    await openssl(dir, [...request, ...signer, "-days", String(days), "-out", `${file}.crt`]);
    return await load(dir, file);
  }
}

function newKey(file: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${file}.key`];
}

async function load(dir: string, file: string): Promise<Certificate> {
  const [certPath, keyPath] = [join(dir, `${file}.crt`), join(dir, `${file}.key`)];
  return {
    certPath,
    keyPath,
    cert: await Deno.readTextFile(certPath),
    key: await Deno.readTextFile(keyPath),
  };
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args], cwd, stdin: "null" })
    .output();
  if (!success) throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
