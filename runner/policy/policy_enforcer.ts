/** Checks each agent's spawn config against the operator's policy, and grants its permissions. */
import { globMatches } from "../../protocol/patterns.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";
import {
  NO_PERMISSIONS,
  PERMISSION_KINDS,
  type PermissionKind,
  type Permissions,
} from "../../protocol/permissions.ts";
import { DEVICE_KINDS, deviceCovers, type DeviceKind } from "../../protocol/devices/devices.ts";
import type { SpawnConfig } from "../../protocol/spawn_config.ts";
import { ANY, covers, entryProblem } from "./covers.ts";
import { realPath } from "./paths.ts";
import { decidingPattern, DEFAULT_POLICY, type Policy, ruleName, type Rules, rulesFor } from "./policy.ts";

/** A config that asks for more than the policy allows; the message is for the operator. */
export class PolicyRefusal extends ExpectedError {
  override name = "PolicyRefusal";
  override readonly code = "refused";
  /**
   * @param agent the agent's name
   * @param entry what it asked for: "permissions.net a.example"
   * @param rule the rule that decided: "permissions.net of policy.json"
   * @param isLasting whether the same config is always refused under the same policy
   */
  constructor(
    readonly agent: string,
    message: string,
    readonly entry: string,
    readonly rule: string,
    readonly isLasting = true,
  ) {
    super(message);
  }
}

/** How many agents' rules are cached: they are needed for every message. */
const MAX_REMEMBERED = 1000;
const PATH_KINDS: readonly PermissionKind[] = ["read", "write", "run", "ffi"];

/** Checks an agent's requests at its spawn, and again at each start, because paths on the disk may have changed. */
export class PolicyEnforcer {
  readonly #rules = new Map<string, Rules>();

  /** @param onRefused called for each refusal */
  constructor(
    readonly policy: Policy,
    private readonly resolvePath = realPath,
    private readonly onRefused: (refusal: PolicyRefusal) => void = () => {},
  ) {}

  rulesFor(agent: string): Rules {
    const known = this.#rules.get(agent);
    if (known !== undefined) return known;
    const rules = rulesFor(this.policy, agent);
    if (this.#rules.size >= MAX_REMEMBERED) this.#rules.clear();
    this.#rules.set(agent, rules);
    return rules;
  }

  /**
   * Admits an agent while `others` agents run. Does not check what it asks for: see `check`.
   * @throws PolicyRefusal
   */
  admit(config: SpawnConfig, others: number): void {
    const { max_agents } = this.policy;
    if (others >= max_agents) {
      throw this.#refusal(
        config,
        `${others} agents run here, max_agents of ${this.policy.origin} is ${max_agents}`,
        "one more agent",
        `max_agents of ${this.policy.origin}`,
        false,
      );
    }
  }

  /**
   * Checks that the agent may have everything it asks for.
   * @throws PolicyRefusal that names the entry and the rule
   */
  async check(config: SpawnConfig): Promise<void> {
    this.checkInstall(config);
    this.checkDevices(config);
    await this.grant(config);
  }

  /** @throws PolicyRefusal that names the package and the rule */
  checkInstall(config: SpawnConfig): void {
    for (const specifier of config.install) this.#checkPackage(config, specifier);
  }

  /** @throws PolicyRefusal that names the entry, the rule, and what to add to the policy */
  checkDevices(config: SpawnConfig): void {
    for (const kind of DEVICE_KINDS) {
      const rules = this.rulesFor(config.name).devices[kind];
      const beyond = config.devices[kind].find((entry) => !deviceCovers(kind, rules, entry));
      if (beyond !== undefined) throw this.#deviceRefusal(config, kind, beyond, rules);
    }
  }

  /**
   * The permissions an agent gets: those it asks for, with resolved paths.
   * @throws PolicyRefusal that names the entry and the rule
   */
  async grant(config: SpawnConfig): Promise<Permissions> {
    const granted: Record<PermissionKind, readonly string[]> = { ...NO_PERMISSIONS };
    for (const kind of PERMISSION_KINDS) granted[kind] = await this.#grantKind(config, kind);
    return granted;
  }

  async #grantKind(config: SpawnConfig, kind: PermissionKind): Promise<string[]> {
    const asked = config.permissions[kind];
    if (asked.length === 0) return [];
    const rules = this.rulesFor(config.name).permissions[kind];
    const isPath = PATH_KINDS.includes(kind);
    const allowed = isPath
      ? await Promise.all(rules.map((rule) => rule === ANY ? rule : this.resolvePath(rule)))
      : rules;
    const granted: string[] = [];
    for (const entry of asked) {
      const problem = entryProblem(kind, entry);
      if (problem !== undefined) {
        const asked = `permissions.${kind} ${entry}`;
        throw this.#refusal(
          config,
          `permissions.${kind} '${entry}' ${problem}`,
          asked,
          `permissions.${kind}`,
        );
      }
      const resolved = isPath ? await this.resolvePath(entry) : entry;
      // The resolved path may contain characters that the entry did not.
      if (resolved.includes(",") || !covers(kind, allowed, resolved)) {
        throw this.#beyond(config, kind, entry, resolved, rules);
      }
      granted.push(resolved);
    }
    return granted;
  }

  #checkPackage(config: SpawnConfig, specifier: string): void {
    const { install } = this.rulesFor(config.name);
    if (install === true) return;
    const registry = config.reading === "typescript" ? "npm" : "pypi";
    const full = /^[a-z]+:/.test(specifier) ? specifier : `${registry}:${specifier}`;
    // Without the version: `npm:@scope/name`, `pypi:name`.
    const bare = full.startsWith("pypi:")
      ? full.replace(/^(pypi:[\w.-]+).*$/s, "$1").toLowerCase()
      : full.replace(/(?<=.[^@/])@[^@/]*$/, "");
    const patterns = install === false ? [] : install;
    if (patterns.some((pattern) => globMatches(pattern, full) || globMatches(pattern, bare))) return;
    const rule = ruleName(this.policy, config.name, "install");
    throw this.#refusal(
      config,
      `install '${specifier}' is not allowed: ${rule} allows ${inWords(patterns)}`,
      `install ${specifier}`,
      rule,
    );
  }

  #beyond(
    config: SpawnConfig,
    kind: PermissionKind,
    entry: string,
    resolved: string,
    rules: readonly string[],
  ): PolicyRefusal {
    const really = resolved === entry ? "" : ` (which is '${resolved}')`;
    const rule = ruleName(this.policy, config.name, `permissions.${kind}`);
    return this.#refusal(
      config,
      `permissions.${kind} '${entry}'${really} is not allowed: ${rule} allows ${inWords(rules)}`,
      `permissions.${kind} ${entry}`,
      rule,
    );
  }

  #deviceRefusal(
    config: SpawnConfig,
    kind: DeviceKind,
    entry: string,
    rules: readonly string[],
  ): PolicyRefusal {
    const path = `devices.${kind}`;
    const rule = ruleName(this.policy, config.name, path);
    const pattern = decidingPattern(this.policy, config.name, path) ?? config.name;
    const missing = config.devices[kind].filter((asked) => !deviceCovers(kind, rules, asked));
    // A pattern's list replaces the list for all agents, so it must repeat those entries.
    const line = `"agents": {${JSON.stringify(pattern)}: {"devices": {${JSON.stringify(kind)}: ${
      listOf([...rules, ...missing])
    }}}}`;
    const toAllow = this.policy === DEFAULT_POLICY
      ? `start the node with --policy FILE, and write {${line}} into FILE`
      : `write ${line} into ${this.policy.origin}, and restart the node`;
    return this.#refusal(
      config,
      `${path} '${entry}' is not allowed: ${rule} allows ${inWords(rules)}. To allow it, ${toAllow}`,
      `${path} ${entry}`,
      rule,
    );
  }

  #refusal(
    { name }: SpawnConfig,
    problem: string,
    entry: string,
    rule: string,
    isLasting = true,
  ): PolicyRefusal {
    const refusal = new PolicyRefusal(name, `Cannot spawn '${name}': ${problem}`, entry, rule, isLasting);
    this.onRefused(refusal);
    return refusal;
  }
}

function listOf(entries: readonly string[]): string {
  return `[${[...new Set(entries)].map((entry) => JSON.stringify(entry)).join(", ")}]`;
}

function inWords(rules: readonly string[]): string {
  return rules.length === 0 ? "none" : rules.join(", ");
}
