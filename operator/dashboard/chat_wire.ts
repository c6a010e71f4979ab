/** The chat messages between server and page: types only, shared by both. All texts are plain text. */

/** The result of a tool. */
export type ResultDto =
  | {
    readonly kind: "table";
    readonly titles: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }
  | { readonly kind: "lines"; readonly lines: readonly string[] };

/** The complete action, as it would be carried out. */
export interface ActionDto {
  /** The answer must name this id; it is valid once. */
  readonly id: string;
  readonly title: string;
  /** Everything the action would do, including code and permissions. */
  readonly lines: readonly string[];
}

export type ChatServerMessage =
  /** Always the first message. @param model its name; null: the built-in planner reads plain sentences */
  | { readonly type: "hello"; readonly model: string | null }
  /** Text from the model, as it arrives. */
  | { readonly type: "words"; readonly text: string }
  /** A line from the server itself. */
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "result"; readonly ok: boolean; readonly result: ResultDto }
  /** Nothing happens until the person answers. */
  | { readonly type: "ask"; readonly action: ActionDto }
  /** The turn is over; an action without an answer was not carried out. @param error why the turn was cut short */
  | { readonly type: "done"; readonly ok: boolean; readonly error: string | null };

export type ChatBrowserMessage =
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "answer"; readonly id: string; readonly yes: boolean }
  /** Ends the current turn. */
  | { readonly type: "stop" };
