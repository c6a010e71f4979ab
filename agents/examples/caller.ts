/**
 * Asks another agent, on any node: also spawn `calculator.ts` under the name `calculator`.
 *
 *     mosquitto_sub -t 'agents/+/results'
 */
import type { Agent } from "../types.d.ts";

/** Seconds to wait for an answer. */
const TIMEOUT = 5;

export async function process(agent: Agent): Promise<void> {
  const question = { op: "multiply", a: 6, b: 7 };
  const answer = await agent.send_to("calculator", question, TIMEOUT);
  if (answer === null) {
    // No such agent, or it did not answer in time.
    await agent.log(`calculator did not answer within ${TIMEOUT} s`);
  } else if (answer.error !== undefined) {
    // Its `handle_task` threw.
    await agent.alert(`calculator could not do it: ${answer.error}`);
  } else {
    await agent.publish_result({ question, answer: answer.result });
  }
}
