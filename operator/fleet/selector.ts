/** Label selectors in Kubernetes syntax: `room=kitchen,!beta`. Pure. */
import { ConfigError } from "../../protocol/config/config_error.ts";

/** Conditions that must all hold for the labels of a node. */
export type Selector = readonly Condition[];

interface Condition {
  readonly key: string;
  /** Without a value, the label only has to exist. */
  readonly value: string | undefined;
  readonly isNegated: boolean;
}

const FORM = /^(!?)([^!=\s]+)(?:\s*(!?=)=?([^!=]*))?$/;

/** @throws ConfigError */
export function parseSelector(text: string): Selector {
  return text.split(",").map((part) => {
    const [, not, key, operator, value] = FORM.exec(part.trim()) ?? [];
    if (key === undefined || (not === "!" && operator !== undefined)) {
      throw new ConfigError(
        `A label selector is such as room=kitchen, room!=kitchen, camera or !camera, separated by commas: ` +
          `current value is '${text}'`,
      );
    }
    return {
      key,
      value: operator === undefined ? undefined : value?.trim(),
      isNegated: not === "!" || operator === "!=",
    };
  });
}

export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every(({ key, value, isNegated }) => {
    const its = Object.hasOwn(labels, key) ? labels[key] : undefined;
    const holds = value === undefined ? its !== undefined : its === value;
    return holds !== isNegated;
  });
}
