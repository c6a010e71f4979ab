/** The agents that are selected for an action on several. */
import { type Signal, signal } from "@preact/signals";

export class Selection {
  /** By `actor_id`. */
  readonly ids: Signal<ReadonlySet<string>> = signal(new Set());

  has(id: string): boolean {
    return this.ids.value.has(id);
  }

  set(ids: readonly string[], isSelected: boolean): void {
    const next = new Set(this.ids.value);
    for (const id of ids) {
      if (isSelected) next.add(id);
      else next.delete(id);
    }
    this.ids.value = next;
  }

  toggle(id: string): void {
    this.set([id], !this.has(id));
  }

  clear(): void {
    this.ids.value = new Set();
  }
}
