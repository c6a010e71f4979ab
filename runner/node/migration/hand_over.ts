/** Packs an agent for another node: the spawn that hands it over, signed. */
import { digestOf, handOverText, type Move } from "../../../protocol/signing/statements.ts";
import type { NodeKey } from "../../trust/node_key.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface Packing {
  readonly move: Move;
  /** The config as received. */
  readonly config: Fields;
  /** What the agent has persisted. */
  readonly state: Fields | undefined;
  readonly paused: boolean;
  /** The key for which the state is sealed; a node without one gets it unsealed. */
  readonly box: string | undefined;
  /** The signed command to move it. */
  readonly order: string | undefined;
  readonly key: Pick<NodeKey, "public" | "seal">;
}

/** @returns the spawn; and the hash of what is signed in it */
export async function packHandOver(
  { move, config: { replace: _replace, ...config }, state, paused, box, order, key }: Packing,
): Promise<{ readonly spawn: Fields; readonly digest: string }> {
  const sealed = state === undefined || box === undefined ? undefined : await seal(state, box, move);
  const text = handOverText(move, {
    order: digestOf(order),
    config: digestOf(typeof config._jws === "string" ? config._jws : undefined),
    state: digestOf(sealed),
    paused,
  });
  const spawn = {
    ...config,
    node: move.to,
    ...(state === undefined || sealed !== undefined ? {} : { state }),
    migration: {
      id: move.id,
      from: move.from,
      paused,
      key: key.public,
      hand_over: key.seal(text),
      ...(sealed === undefined ? {} : { sealed }),
    },
    ...(order === undefined ? {} : { _migrate_jws: order }),
  };
  return { spawn, digest: digestOf(text) };
}

async function seal(state: Fields, box: string, move: Move): Promise<string> {
  const { sealState } = await import("../../trust/sealed_state.ts");
  return await sealState(JSON.stringify(state), box, move);
}
