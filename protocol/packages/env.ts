/** Which environment variables reach the processes that fetch packages and that run agents. Pure. */
import { variablesOf } from "./npmrc.ts";

const FETCH_VARIABLES = [
  // Where packages come from. HOME is for ~/.npmrc: registries by scope and their credentials.
  "JSR_URL",
  "NPM_CONFIG_REGISTRY",
  "HOME",
  "DENO_AUTH_TOKENS",
  // How to get there.
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  // Whom to believe.
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  // An executable that is a script looks for its interpreter here.
  "PATH",
] as const;

/** What decides where in its cache Deno looks for a package: an agent must run with what its packages were fetched with. */
const REGISTRY_VARIABLES = ["JSR_URL", "NPM_CONFIG_REGISTRY"] as const;

/**
 * The part of the runner's environment that a process fetching packages needs: registries, proxies, certificates.
 * @param npmrc the user's `.npmrc`, which may name variables of its own
 */
export function fetchEnv(
  env: Readonly<Record<string, string | undefined>>,
  npmrc = "",
): Record<string, string> {
  return pick(env, [...FETCH_VARIABLES, ...variablesOf(npmrc)]);
}

/** The part of `env` that a process importing what was fetched needs to find it again. */
export function registryEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return pick(env, REGISTRY_VARIABLES);
}

/**
 * `host:port` of the JSR registry that `env` names, as `--allow-import` takes it.
 * @throws TypeError when JSR_URL is not a URL
 */
export function jsrHost(env: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(env["JSR_URL"] ?? "https://jsr.io");
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  return `${url.hostname}:${port}`;
}

function pick(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== "") picked[name] = value;
  }
  return picked;
}
