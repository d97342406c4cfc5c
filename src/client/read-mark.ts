/** How far I have read one conversation, on its way to the service: marks that follow each other closely are one request. */
import type { Runtime } from './runtime.ts';
import { createTask, type Task } from './task.ts';

/** A read mark waits this long for a later one. */
const waitMs = 300;

export interface ReadMark extends Pick<Task, 'wake' | 'stop'> {
  /** What is asked for and not answered yet; 0 when nothing is. */
  readonly wanted: number;
  want(seq: number): void;
  /** Takes back what is wanted. Resolves when none is under way any more, so that what is asked for next comes after it. */
  forget(): Promise<void>;
}

export interface ReadMarkOptions {
  readonly runtime: Runtime;
  /** How far I have read as far as is known: a mark that is not beyond it is not sent. */
  readonly current: () => number;
  readonly send: (seq: number) => Promise<void>;
  /** Told of each mark that is set and was not taken back meanwhile. */
  readonly moved: (seq: number) => void;
}

export const createReadMark = ({ runtime, current, send, moved }: ReadMarkOptions): ReadMark => {
  let wanted = 0;
  let underWay: Promise<void> | undefined;

  const task = createTask({
    runtime,
    run: async () => {
      const seq = wanted;
      try {
        if (seq > current()) underWay = send(seq);
        await underWay;
      } finally {
        underWay = undefined;
      }
      if (wanted === 0) return;
      moved(seq);
      if (wanted === seq) wanted = 0;
    },
    failed: (error) => {
      if (!error.passing) wanted = 0;
    },
  });

  return {
    get wanted() {
      return wanted;
    },
    want: (seq) => {
      wanted = seq;
      void task.request(waitMs);
    },
    forget: async () => {
      wanted = 0;
      await underWay?.catch(() => undefined); // its failure is the task's
    },
    wake: task.wake,
    stop: task.stop,
  };
};
