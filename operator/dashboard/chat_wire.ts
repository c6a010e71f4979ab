/** What the server and the page say to each other in the chat: types alone, shared by both. All texts are plain text. */

/** What a tool has come back with. */
export type ResultDto =
  | {
    readonly kind: "table";
    readonly titles: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }
  | { readonly kind: "lines"; readonly lines: readonly string[] };

/** An action in full, as it would be taken. */
export interface ActionDto {
  /** The yes or no must name it; it is of use once. */
  readonly id: string;
  readonly title: string;
  /** What it would do with what; code and permissions included. */
  readonly lines: readonly string[];
}

export type ChatServerMessage =
  /** First of all. @param model its name; null: the built-in planner reads plain sentences */
  | { readonly type: "hello"; readonly model: string | null }
  /** Words of the model, as they come. */
  | { readonly type: "words"; readonly text: string }
  /** A line of the server's own. */
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "result"; readonly ok: boolean; readonly result: ResultDto }
  /** Nothing happens until it is answered. */
  | { readonly type: "ask"; readonly action: ActionDto }
  /** The turn is over; what was asked and not answered has not been done. @param error why it broke off */
  | { readonly type: "done"; readonly ok: boolean; readonly error: string | null };

export type ChatBrowserMessage =
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "answer"; readonly id: string; readonly yes: boolean }
  /** Ends the turn that is under way. */
  | { readonly type: "stop" };
