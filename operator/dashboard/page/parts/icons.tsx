/** The page's icons: lines on a 16-pixel grid, in the colour of the text beside them. */
import type { JSX } from "preact";

const PATHS = {
  overview: "M2.5 8.5h3l1.5-5 2.5 9 1.5-4h2.5",
  agents: "M8 2.2 13 5v6l-5 2.8L3 11V5zM8 8l5-3M8 8v5.8M8 8 3 5",
  nodes: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  logs: "M3 3.5h10M3 6.5h7M3 9.5h10M3 12.5h5",
  alerts:
    "M8 2a4 4 0 0 1 4 4c0 3.5 1.5 4.5 1.5 4.5h-11S4 9.500 4 6a4 4 0 0 1 4-4zM6.600 13a1.5 1.5 0 0 0 2.8 0",
  notices: "M2.500 4h11v8h-11zM2.500 4.500 8 8.800l5.500-4.300",
  timeline: "M8 4.500V8l2.500 1.500M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z",
  manifests: "M4 2h5.500L12.500 5v9H4zM9.500 2v3h3M6 8.500h4.500M6 11h4.500",
  spawn: "M8 3v10M3 8h10",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.700 10.700 14 14",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.200v9.600L12.500 8z",
  stop: "M4 4h8v8H4z",
  restart: "M13 8a5 5 0 1 1-1.600-3.700M13 2.500v2.800h-2.800",
  move: "M2.500 8h10M9 4.500 12.500 8 9 11.500",
  call: "M2.500 3.500h11v7H7l-3 2.500v-2.500H2.500z",
  trash: "M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.6 8.500h5.800l.6-8.500",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M6 3.500 10.500 8 6 12.500",
  back: "M10 3.500 5.500 8l4.500 4.500",
  sun:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.500v1M8 13.500v1M1.500 8h1M13.500 8h1M3.400 3.400l.7.7M11.900 11.900l.7.7M12.600 3.400l-.7.7M4.100 11.900l-.7.7",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.300 6.300A1.800 1.800 0 1 1 8 8.600v.6M8 11.300h.01",
  exit: "M6 2.500H3v11h3M7 8h6.500M11 5.500 13.500 8 11 10.500",
  power: "M8 2v5.500M4.800 4.200a5 5 0 1 0 6.400 0",
  edit: "M3 13l.7-3L10.500 3.200l2.300 2.300L6 12.300z",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  check: "M3 8.500 6.500 12 13 4.500",
  down: "M8 3v9.500M4 9l4 4 4-4",
} as const;
export type IconName = keyof typeof PATHS;

/** Hidden from screen readers, because the text beside the icon has the same meaning. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
