/** Buttons, panels and empty states. */
import type { ComponentChildren, JSX } from "preact";
import { visible } from "../logic/visible.ts";
import { CopyButton } from "./copy.tsx";
import { Icon, type IconName } from "./icons.tsx";

export function Button(
  {
    icon,
    label,
    onClick,
    tone = "plain",
    disabled = false,
    type = "button",
    iconOnly = false,
    title,
    autofocus = false,
  }: {
    readonly icon?: IconName;
    readonly label: string;
    readonly onClick?: (event: MouseEvent) => void;
    readonly tone?: "plain" | "primary" | "danger" | "ghost";
    readonly disabled?: boolean;
    readonly type?: "button" | "submit";
    readonly iconOnly?: boolean;
    readonly title?: string;
    /** Whether it has the focus when its dialog opens. */
    readonly autofocus?: boolean;
  },
): JSX.Element {
  return (
    <button
      type={type}
      autofocus={autofocus}
      class={`button button-${tone}${iconOnly ? " button-icon" : ""}`}
      disabled={disabled}
      onClick={(event) => onClick?.(event)}
      aria-label={iconOnly ? label : undefined}
      title={title ?? (iconOnly ? label : undefined)}
    >
      {icon !== undefined && <Icon name={icon} />}
      {!iconOnly && <span>{label}</span>}
    </button>
  );
}

export function Panel(
  { title, aside, children, flush = false }: {
    readonly title?: string;
    readonly aside?: ComponentChildren;
    readonly children: ComponentChildren;
    /** Without padding, for tables. */
    readonly flush?: boolean;
  },
): JSX.Element {
  return (
    <section class={`panel${flush ? " panel-flush" : ""}`} aria-label={title}>
      {title !== undefined && (
        <header class="panel-head">
          <h2>{title}</h2>
          <div class="panel-aside">{aside}</div>
        </header>
      )}
      <div class="panel-body">{children}</div>
    </section>
  );
}

/** The header of a view. */
export function PageHead(
  { title, note, children }: {
    readonly title: string;
    readonly note?: ComponentChildren | undefined;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  return (
    <header class="page-head">
      <div class="page-title">
        <h1 tabIndex={-1}>{title}</h1>
        {note !== undefined && <p class="note">{note}</p>}
      </div>
      <div class="page-tools">{children}</div>
    </header>
  );
}

/** An empty state, and what to do about it. */
export function Empty(
  { title, children }: { readonly title: string; readonly children?: ComponentChildren },
): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** A choice of one option out of several. */
export function Segments<T extends string>(
  { label, value, options, onChange }: {
    readonly label: string;
    readonly value: T;
    readonly options: readonly (readonly [T, string])[];
    readonly onChange: (value: T) => void;
  },
): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([option, word]) => (
        <button
          key={option}
          type="button"
          aria-pressed={option === value}
          onClick={() => onChange(option)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

export function SearchField(
  { label, value, onInput }: {
    readonly label: string;
    readonly value: string;
    readonly onInput: (text: string) => void;
  },
): JSX.Element {
  return (
    <label class="search">
      <Icon name="search" />
      <input
        type="search"
        class="search-input"
        aria-label={label}
        placeholder={label}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

export function Select(
  { label, value, options, onChange }: {
    readonly label: string;
    readonly value: string;
    readonly options: readonly (readonly [string, string])[];
    readonly onChange: (value: string) => void;
  },
): JSX.Element {
  return (
    <select
      class="select"
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {options.map(([option, word]) => <option key={option} value={option}>{word}</option>)}
    </select>
  );
}

/** A list of names and values. */
export function Facts(
  { facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] },
): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** JSON as text. */
export function JsonText({ value }: { readonly value: unknown }): JSX.Element {
  const text = JSON.stringify(value, null, 2);
  return (
    <div class="copied">
      <pre class="code-block" tabIndex={0}>{visible(text)}</pre>
      <CopyButton label="Copy" text={() => text} />
    </div>
  );
}
