/**
 * Structured logs. A line says where and how, never what was said: no token, no header, no address with its query, no body
 * (SEC-7). At `info` a healthy server is quiet; `debug` writes a line for each request.
 */
import { type DestinationStream, type Logger, pino } from 'pino';

/** Even if somebody logs an object that holds one of these, its value stays out. */
const secrets = [
  'authorization',
  'access_token',
  'token',
  'message',
  'title',
  'display_name',
  'body',
  'headers',
  'query',
  'url',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** @param to where the lines go; standard output unless given. */
export const createLogger = (level: string, to?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets, censor: '[left out]' },
      // An error's message may quote what the user wrote: only its name and where it came from are kept.
      serializers: { err: (error: unknown) => (error instanceof Error ? { name: error.name } : {}) },
    },
    to ?? pino.destination({ fd: 1, sync: false }),
  );
