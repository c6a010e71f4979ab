/** The users file of the embedded broker: a name, a role and a hashed password on each line. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { isName, NAME_RULE } from "../names.ts";
import { type BrokerUser, type Role, ROLES } from "./access_rules.ts";

export interface StoredUser extends BrokerUser {
  /** `$scrypt$ln=…,r=…,p=…$salt$hash`, as the PHC string format has it. */
  readonly hash: string;
}

/** 16 MiB and some 50 ms for each guess. */
const COST = { ln: 14, r: 8, p: 1 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const HASH = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** The most memory that checking a hash may take: 1 GiB. */
const MAX_BYTES = 2 ** 30;

/** @throws Error with what is wrong, and in which line */
export function parseUsers(text: string): ReadonlyMap<string, StoredUser> {
  const users = new Map<string, StoredUser>();
  for (const [index, line] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [name = "", kind = "", hash = ""] = line.split(":");
    const role = ROLES.find((role) => role === kind.replace(/\+migrate$/, ""));
    const problem = role === undefined
      ? `the role must be one of ${ROLES.join(", ")}, or node+migrate`
      : userNameError(name, role) ??
        (users.has(name) ? `the user '${name}' is there twice` : undefined) ??
        (costOf(hash) === undefined
          ? "there is no password hash as 'agentflow users add' writes it"
          : undefined);
    if (problem !== undefined || role === undefined) throw new Error(`line ${index + 1}: ${problem}`);
    users.set(name, { name, role, migrate: role === "node" && kind !== role, hash });
  }
  return users;
}

export function formatUser({ name, role, migrate, hash }: StoredUser): string {
  return `${name}:${role}${migrate ? "+migrate" : ""}:${hash}`;
}

/** Why `name` cannot be the name of a user; `undefined` when it can. */
export function userNameError(name: string, role: Role): string | undefined {
  if (role === "node" && !isName(name)) {
    return `a node's user has the name of its node, which must be ${NAME_RULE}`;
  }
  if (/^[^\s\p{Cc}#:][^\p{Cc}:]{0,127}$/u.test(name)) return undefined;
  return `${
    JSON.stringify(name)
  } cannot be a user name: it must have 1 to 128 characters, no colon, and no # before it`;
}

export async function hashPassword(password: Uint8Array): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Whether `password` is the one that was hashed. */
export async function isPassword(password: Uint8Array, hash: string): Promise<boolean> {
  const cost = costOf(hash);
  const [, , , , salt = "", expected = ""] = HASH.exec(hash) ?? [];
  if (cost === undefined) return false;
  return timingSafeEqual(
    await derive(password, Buffer.from(salt, "base64"), cost),
    Buffer.from(expected, "base64"),
  );
}

function costOf(hash: string): typeof COST | undefined {
  const [, ln, r, p, , expected = ""] = HASH.exec(hash) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isSound = cost.ln >= 1 && cost.r >= 1 && cost.p >= 1 && bytesOf(cost) <= MAX_BYTES;
  return isSound && Buffer.from(expected, "base64").length === HASH_BYTES ? cost : undefined;
}

function bytesOf({ ln, r, p }: typeof COST): number {
  return 128 * 2 ** ln * r * p;
}

function derive(password: Uint8Array, salt: Uint8Array, cost: typeof COST): Promise<Uint8Array> {
  const options = { N: 2 ** cost.ln, r: cost.r, p: cost.p, maxmem: 2 * bytesOf(cost) };
  return new Promise((resolve, reject) => {
    scrypt(
      password,
      salt,
      HASH_BYTES,
      options,
      (error, key) => error === null ? resolve(key) : reject(error),
    );
  });
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
