/** The window size, for code that depends on it besides the style sheet. */
import { useEffect, useMemo, useState } from "preact/hooks";

/** Whether a media query matches; updated when that changes. */
export function useMedia(query: string): boolean {
  const media = useMemo(() => matchMedia(query), [query]);
  const [fits, setFits] = useState(media.matches);
  useEffect(() => {
    const onChange = () => setFits(media.matches);
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, [media]);
  return fits;
}
