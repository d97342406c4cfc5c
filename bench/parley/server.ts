/** Parley's standalone server on a data folder of its own, which goes with it; its rate limits are out of the way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverModule } from '../harness/modules.ts';
import { startServerProcess } from '../harness/server-process.ts';
import { portInAddress } from './address.ts';

export interface ParleyServer {
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  stop(): Promise<void>;
}

/** Its data lies in `folder`, which goes with it. */
export const startParleyServer = async (
  folder: string = mkdtempSync(join(tmpdir(), 'parley-bench-')),
): Promise<ParleyServer> => {
  const server = await startServerProcess(serverModule(), [], portInAddress, {
    PATH: process.env.PATH,
    PORT: '0',
    PARLEY_DATA: folder,
    LOG_LEVEL: 'error',
    RATE_LIMIT_PER_USER: '1000000',
    RATE_LIMIT_PER_ADDRESS: '1000000',
  });
  return {
    port: server.ready.port,
    pid: server.pid,
    folder,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
