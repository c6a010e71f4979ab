/** Tells a broker that answers slowly from one that answers nothing. */
import type { Clock } from "../clock.ts";

/** Counts what has been answered. */
interface Answering {
  readonly answers: number;
}

/**
 * Resolves to `true` when nothing has been answered for `answerMs`, and to `false` when `over` is aborted before that.
 * @param answerMs how long one answer may take, milliseconds
 */
export async function becomesMute(
  answering: Answering,
  answerMs: number,
  clock: Clock,
  over: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const { answers } = answering;
    if (!await clock.sleep(answerMs, over)) return false;
    if (answering.answers === answers) return true;
  }
}
