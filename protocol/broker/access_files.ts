/** Reads the files that give access to the broker: once, before anything else happens. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { BrokerAccess, ClientIdentity } from "./access.ts";
import type { AccessSources } from "./broker_flags.ts";
import { ConfigError } from "../config/config_error.ts";
import { Secret } from "../config/secret.ts";
import { readGiven } from "../config/text_file.ts";

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** MQTT 3.1.1, 3.1.3.5: its length is sent as two bytes. */
const MAX_PASSWORD_BYTES = 65_535;

/**
 * @param warn called for problems that are not fatal
 * @throws ConfigError
 */
export async function readAccess(
  sources: AccessSources,
  warn: (message: string) => void,
): Promise<BrokerAccess> {
  const { ca, cert, key, username, passwordFile } = sources;
  const password = passwordFile === undefined ? sources.password : await readPassword(passwordFile, warn);
  return Object.freeze({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca: (await readCertificates("ca", ca)).pem }),
    ...(cert === undefined || key === undefined
      ? {}
      : { identity: await readIdentity({ flag: "cert", path: cert }, { flag: "key", path: key }, warn) }),
  });
}

async function readPassword(path: string, warn: (message: string) => void): Promise<Secret> {
  const text = (await readPrivate("password-file", path, warn)).replace(/\r?\n$/, "");
  if (/[\r\n]/.test(text)) throw new ConfigError(`--password-file: '${path}' has more than one line`);
  if (new TextEncoder().encode(text).length > MAX_PASSWORD_BYTES) {
    throw new ConfigError(
      `--password-file: the password in '${path}' is longer than ${MAX_PASSWORD_BYTES} bytes`,
    );
  }
  return new Secret(text);
}

/** A file, and the flag that names it. */
export interface FlaggedFile {
  readonly flag: string;
  readonly path: string;
}

/** A certificate and its private key. @throws ConfigError */
export async function readIdentity(
  cert: FlaggedFile,
  key: FlaggedFile,
  warn: (message: string) => void,
): Promise<ClientIdentity> {
  const { pem, first } = await readCertificates(cert.flag, cert.path);
  const keyPem = await readPrivate(key.flag, key.path, warn);
  if (!first.checkPrivateKey(parseKey(key, keyPem))) {
    throw new ConfigError(
      `--${key.flag}: the key in '${key.path}' does not belong to the certificate in '${cert.path}'`,
    );
  }
  return { certificate: pem, key: new Secret(keyPem) };
}

async function readCertificates(
  flag: string,
  path: string,
): Promise<{ readonly pem: string; readonly first: X509Certificate }> {
  const pem = await read(flag, path);
  try {
    const [first] = (pem.match(CERTIFICATES) ?? []).map((certificate) => new X509Certificate(certificate));
    if (first !== undefined) return { pem, first };
  } catch {
    // Reported below: the parser's own message is not helpful.
  }
  throw new ConfigError(`--${flag}: '${path}' does not hold a certificate in PEM form`);
}

function parseKey({ flag, path }: FlaggedFile, pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) {
    throw new ConfigError(
      `--${flag}: the key in '${path}' needs a passphrase: give one that is not encrypted`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch {
    // Do not use the parser's message: it may quote the key.
    throw new ConfigError(`--${flag}: '${path}' does not hold a private key in PEM form`);
  }
}

/** Reads a private file. Like ssh, refuses it if this user owns it and its mode lets others read it. */
async function readPrivate(flag: string, path: string, warn: (message: string) => void): Promise<string> {
  const text = await read(flag, path);
  const { mode, uid } = await Deno.stat(path);
  const permissions = (mode ?? 0) & 0o777;
  const octal = permissions.toString(8).padStart(4, "0");
  if (uid === Deno.uid() && (permissions & 0o077) !== 0) {
    throw new ConfigError(
      `--${flag}: other users have access to '${path}' (mode ${octal}): chmod 600 ${path}`,
    );
  }
  // Do not judge the group permissions of another owner's file: systemd passes credentials that way.
  if ((permissions & 0o007) !== 0) {
    warn(`Every user of this machine may use '${path}' of --${flag} (mode ${octal})`);
  }
  return text;
}

async function read(flag: string, path: string): Promise<string> {
  return await readGiven(path, (reason) => `--${flag}: cannot read '${path}': ${reason}`);
}
