/** Loading that a scroll asks for: after a failure it rests, so that a list without a connection does not ask without end. */
import { useCallback, useEffect, useRef, useState } from 'react';

/** Long enough not to be a burden, short enough that nobody scrolls away and back to try again. */
const restMs = 3_000;

/** Whether to ask now, and how; what fails is asked again after a rest, if it is still wanted then. */
export function usePatience(): { readonly rested: boolean; readonly ask: (load: () => Promise<void>) => void } {
  const [rested, setRested] = useState(true);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const ask = useCallback((load: () => Promise<void>): void => {
    load().catch(() => {
      setRested(false);
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setRested(true), restMs);
    });
  }, []);
  return { rested, ask };
}
