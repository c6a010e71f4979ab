/** What a view asks the server for. */
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.ts";

/** What the server has at `path`; asked for again when `version` changes. */
export function useFetched<T>(path: string, version: unknown): T | null {
  const [value, setValue] = useState<{ readonly path: string; readonly value: T } | null>(null);
  useEffect(() => {
    let isOld = false;
    get<T>(path).then((fetched) => {
      if (!isOld) setValue({ path, value: fetched });
    }, () => {
      // What was fetched before stays.
    });
    return () => {
      isOld = true;
    };
  }, [path, version]);
  return value?.path === path ? value.value : null;
}
