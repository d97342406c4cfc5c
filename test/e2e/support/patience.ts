/** Imported by each browser test: a busy machine is slow, which is no failure. Nothing here waits when it need not. */
import { vi } from 'vitest';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });
