/** Has a node change its runner, and waits for the outcome. */
import { topics } from "../../protocol/topics.ts";
import { OperationError, type Operator } from "../operator.ts";
import { NoAnswerError } from "../commander.ts";
import { listen } from "./listen.ts";

/** A runner as `packRunner` packs it, or a release that the node still has. */
export type UpgradeOrder = Readonly<Record<string, unknown>> | { readonly release: string };

export interface UpgradeOptions {
  /** How long the new runner may take to prove itself. */
  readonly trialSeconds: number;
  readonly signal: AbortSignal;
  /** Called when the node has accepted the release and restarts. */
  readonly onTaken: (upgrade: { readonly from: string; readonly release: string }) => void;
}

export interface Upgraded {
  readonly node: string;
  readonly from: string;
  readonly release: string;
  /** The node already ran that release. */
  readonly unchanged: boolean;
}

/** The node first runs the new runner's self-test, which is slow on a slow device. */
const REHEARSAL_MS = 150_000;
/** Extra time for the old runner to end, and for a rollback. */
const SWAP_MS = 60_000;

/** @throws OperationError when the node rolled back; RefusedError when it does not accept the release; NoAnswerError */
export async function upgradeNode(
  operator: Operator,
  node: string,
  order: UpgradeOrder,
  { trialSeconds, signal, onTaken }: UpgradeOptions,
): Promise<Upgraded> {
  const over = new AbortController();
  let news: { readonly upgrade: string; readonly message: string } | undefined;
  const listening = listen(operator, {
    filters: [topics.nodeLogs(node)],
    signal: AbortSignal.any([signal, over.signal]),
    onMessage: ({ payload }) => (news = newsIn(payload)) !== undefined,
  });
  // If the broker forbids listening, the error is handled below.
  listening.catch(() => {});
  try {
    const command = { ...order, trial_seconds: trialSeconds };
    const answer = await operator.commander.command(node, "upgrade", command, { timeoutMs: REHEARSAL_MS });
    const [from, release] = [String(answer.from), String(answer.release)];
    if (answer.unchanged === true) return { node, from, release, unchanged: true };
    onTaken({ from, release });
    const timer = setTimeout(() => over.abort(), trialSeconds * 1000 + SWAP_MS);
    await listening.finally(() => clearTimeout(timer));
    if (news?.upgrade === "passed") return { node, from, release, unchanged: false };
    if (news !== undefined) throw new OperationError(`Node '${node}': ${news.message}`);
    throw new NoAnswerError(`Node '${node}' has not come back since it took release ${release}`);
  } finally {
    over.abort();
    await listening;
  }
}

function newsIn(payload: Uint8Array): { readonly upgrade: string; readonly message: string } | undefined {
  try {
    const { upgrade, message } = JSON.parse(new TextDecoder().decode(payload)) ?? {};
    return typeof upgrade === "string" ? { upgrade, message: String(message) } : undefined;
  } catch {
    // Some other log line.
    return undefined;
  }
}
