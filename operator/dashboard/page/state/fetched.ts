/** Data that a view fetches from the server. */
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.ts";

/** The server's answer at `path`; fetched again when `version` changes. */
export function useFetched<T>(path: string, version: unknown): T | null {
  const [value, setValue] = useState<{ readonly path: string; readonly value: T } | null>(null);
  useEffect(() => {
    let isOld = false;
    get<T>(path).then((fetched) => {
      if (!isOld) setValue({ path, value: fetched });
    }, () => {
      // Keep the previous data.
    });
    return () => {
      isOld = true;
    };
  }, [path, version]);
  return value?.path === path ? value.value : null;
}
