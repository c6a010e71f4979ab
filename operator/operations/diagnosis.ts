/** Finds what is wrong with an observed fleet and says what to do about it. Pure. */
import { type NodeView, stateOf } from "../fleet/views.ts";
import { deviceFindings } from "./device_findings.ts";

/** The result of a check. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly message: string;
  /** What to do. */
  readonly advice: string | undefined;
}

/** What was observed on the bus. */
export interface Evidence {
  readonly nowMs: number;
  /** The version of this program. */
  readonly version: string;
  readonly nodes: readonly NodeView[];
  /** Nodes that claim to be online but did not answer. */
  readonly silent: readonly string[];
  /** Node names, with the processes that use each name. */
  readonly instances: ReadonlyMap<string, ReadonlySet<string>>;
  /** Agent names, with the nodes that run an agent of that name. */
  readonly homes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Nodes for which the broker keeps a spawn command. */
  readonly keptSpawns: readonly string[];
  /** Agents with a retained manifest, and the node it names. */
  readonly keptManifests: readonly { readonly agent: string; readonly node: string | undefined }[];
}

/** Smaller clock differences do no harm to messages. */
const MAX_SKEW_SECONDS = 5;
const MIN_DENO_MAJOR = 2;

/** Checks of this machine, before there is a connection. */
export function machineFindings(denoVersion: string, machine: string): Finding[] {
  const findings = [
    major(denoVersion) >= MIN_DENO_MAJOR
      ? ok("deno", `deno ${denoVersion} on ${machine}`)
      : failed("deno", `deno ${denoVersion} is too old`, `use deno ${MIN_DENO_MAJOR} or later: deno upgrade`),
  ];
  return /^(armv[67]|arm$|i[36]86)/.test(machine)
    ? [
      ...findings,
      failed(
        "machine",
        `${machine} is a 32-bit machine, and Deno has no build for it`,
        "install a 64-bit system: a Raspberry Pi 3, 4, 5 or Zero 2 W can run one",
      ),
    ]
    : findings;
}

export function fleetFindings(evidence: Evidence): Finding[] {
  return [
    ...nodesFound(evidence),
    ...evidence.nodes.flatMap((node) => nodeFindings(node, evidence)),
    ...duplicates(evidence),
    ...leftovers(evidence),
  ];
}

function nodesFound({ nodes, nowMs }: Evidence): Finding[] {
  const online = nodes.filter((node) => stateOf(node, nowMs) === "online");
  if (online.length > 0) {
    return [ok("nodes", `${online.length} online: ${online.map(({ name }) => name).join(", ")}`)];
  }
  return [warning(
    "nodes",
    nodes.length === 0 ? "no node has reported yet" : "no node is online",
    "start one: deno run -A runner/main.ts --broker HOST --name NAME; does it use this broker?",
  )];
}

function nodeFindings(node: NodeView, { silent, version, keptSpawns }: Evidence): Finding[] {
  const { name, clockSkewSeconds, runtime, dropped = 0, queue = 0 } = node;
  const check = `node ${name}`;
  if (!node.isOnline) {
    const waits = keptSpawns.includes(name) ? "; a spawn waits for it on the broker" : "";
    return [
      warning(
        check,
        `offline${waits}`,
        `start it; or, if it is gone for good, forget it: agentflow nodes forget ${name}`,
      ),
    ];
  }
  if (silent.includes(name)) {
    return [failed(
      check,
      "says it is online but does not answer",
      "is it running, and is it part of this project? may this user write to its topics?",
    )];
  }
  const findings: Finding[] = [];
  if (clockSkewSeconds !== undefined && Math.abs(clockSkewSeconds) > MAX_SKEW_SECONDS) {
    const [seconds, way] = [
      Math.abs(clockSkewSeconds).toFixed(0),
      clockSkewSeconds > 0 ? "behind" : "ahead of",
    ];
    findings.push(failed(
      check,
      `its clock is ${seconds} s ${way} this machine's`,
      "synchronize the clocks with a time server (timedatectl set-ntp true): signed commands and certificates depend on them",
    ));
  }
  const deno = /^deno (\S+)/.exec(runtime ?? "")?.[1];
  if (deno !== undefined && major(deno) < MIN_DENO_MAJOR) {
    findings.push(failed(check, `runs deno ${deno}`, `upgrade it to deno ${MIN_DENO_MAJOR} or later`));
  }
  if (node.version !== undefined && node.version !== version) {
    findings.push(warning(
      check,
      `runs version ${node.version}, but this is ${version}`,
      "use one version everywhere: older versions may not know commands of newer ones",
    ));
  }
  for (const { message, advice } of deviceFindings(node.devices ?? {})) {
    findings.push(warning(check, message, advice));
  }
  if (dropped > 0) {
    findings.push(warning(
      check,
      `has dropped ${dropped} messages`,
      "agents publish more than the broker accepts: publish less, or set a larger --outbox-messages",
    ));
  }
  if (queue > 1000) {
    findings.push(warning(check, `${queue} messages wait in its outbox`, "is the broker slow?"));
  }
  const at = node.connectedTo === undefined ? "" : `, connected to ${node.connectedTo}`;
  return findings.length > 0 ? findings : [ok(check, `online, ${runtime ?? "of another kind"}${at}`)];
}

function duplicates({ instances, homes }: Evidence): Finding[] {
  const nodes = [...instances].filter(([, of]) => of.size > 1).map(([name, of]) =>
    failed(
      `node ${name}`,
      `${of.size} processes use this name`,
      "give each node its own --name: the later process exits by itself, with code 3",
    )
  );
  const agents = [...homes].filter(([, of]) => of.size > 1).map(([agent, of]) =>
    failed(
      `agent ${agent}`,
      `runs on ${[...of].join(" and ")}`,
      `stop one of them (agentflow stop ${agent} --node ${
        [...of][0]
      }), or give it another name: both answer tasks, and ` +
        "write to the same topics",
    )
  );
  return [...nodes, ...agents];
}

function leftovers({ keptSpawns, keptManifests, nodes, homes }: Evidence): Finding[] {
  const isOnline = (node: string | undefined) =>
    nodes.some(({ name, isOnline }) => name === node && isOnline);
  const spawns = keptSpawns.filter((node) => isOnline(node) || !nodes.some(({ name }) => name === node)).map(
    (node) =>
      warning(
        `node ${node}`,
        isOnline(node)
          ? "a spawn command is retained although it is online"
          : "a spawn command waits for it, but no such node is known",
        `if it is not meant to start, clear it: mosquitto_pub -r -n -t nodes/${node}/spawn`,
      ),
  );
  // Manifests of an offline node are not stale: its agents return with it.
  const manifests = keptManifests.filter(({ agent, node }) =>
    !homes.has(agent) && (node === undefined || isOnline(node))
  )
    .map(({ agent, node }) =>
      warning(
        `agent ${agent}`,
        `a manifest is retained, but ${node ?? "no node"} does not run it`,
        "it ended without saying goodbye: spawn it again, or clear the retained agents/ID/manifest",
      )
    );
  return [...spawns, ...manifests];
}

function ok(check: string, message: string): Finding {
  return { check, status: "ok", message, advice: undefined };
}

function warning(check: string, message: string, advice: string): Finding {
  return { check, status: "warning", message, advice };
}

function failed(check: string, message: string, advice: string): Finding {
  return { check, status: "failed", message, advice };
}

function major(version: string): number {
  return Number(version.split(".")[0]);
}
