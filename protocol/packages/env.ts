/** Selects the environment variables for processes that fetch packages or run agents. Pure. */
import { variablesOf } from "./npmrc.ts";

const FETCH_VARIABLES = [
  // Where packages come from. HOME is for ~/.npmrc: registries by scope and their credentials.
  "JSR_URL",
  "NPM_CONFIG_REGISTRY",
  "HOME",
  "DENO_AUTH_TOKENS",
  // Proxies.
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  // Trusted certificates.
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  // If the executable is a script, its interpreter is found here.
  "PATH",
] as const;

/** The variables that decide where in its cache Deno looks for a package: fetching and running must use the same values. */
const REGISTRY_VARIABLES = ["JSR_URL", "NPM_CONFIG_REGISTRY"] as const;

/**
 * The part of the runner's environment that a process fetching packages needs: registries, proxies, certificates.
 * @param npmrc the user's `.npmrc`, which may refer to further variables
 */
export function fetchEnv(
  env: Readonly<Record<string, string | undefined>>,
  npmrc = "",
): Record<string, string> {
  return pick(env, [...FETCH_VARIABLES, ...variablesOf(npmrc)]);
}

/** The part of `env` that a process needs to find the fetched packages again. */
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

/** Those of the variables that are set, and not empty. */
export function pick(
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
