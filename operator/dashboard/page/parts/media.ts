/** The size of the window, as far as more than the style sheet depends on it. */
import { useEffect, useMemo, useState } from "preact/hooks";

/** Whether a media query fits, now and later. */
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
