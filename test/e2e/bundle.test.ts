/** The built files: how much a first visit loads, and that nothing comes from elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../../web/dist', import.meta.url));
/** Bytes of compressed script before the app is there. */
const firstLoadMax = 150 * 1_024;

const read = (path: string): string => readFileSync(join(dist, path), 'utf8');

/** The scripts that the page asks for by itself, with what those import at once. */
const firstScripts = (): string[] => {
  const page = read('index.html');
  const found = new Set<string>();
  const follow = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const [, next] of read(path).matchAll(/\b(?:import|from)\s*["']\.\/([^"']+\.js)["']/g)) {
      follow(`assets/${next}`);
    }
  };
  for (const [, path] of page.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)) follow(path ?? '');
  return [...found];
};

describe('the built web app', () => {
  test('a first visit loads less than 150 KB of compressed script', () => {
    const scripts = firstScripts();
    expect(scripts.length).toBeGreaterThan(0);
    const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0);
    expect(bytes).toBeGreaterThan(40_000);
    expect(bytes).toBeLessThan(firstLoadMax);
  });

  test('the Lens is not part of it', () => {
    const lens = readdirSync(join(dist, 'assets')).filter(
      (name) => name.startsWith('lens-panel') && name.endsWith('.js'),
    );
    expect(lens).toHaveLength(1);
    expect(firstScripts()).not.toContain(`assets/${lens[0]}`);
  });

  test('nothing is loaded from elsewhere, and no script or style stands in the page', () => {
    const page = read('index.html');
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
    for (const name of readdirSync(join(dist, 'assets')).filter((file) => file.endsWith('.css'))) {
      expect(read(`assets/${name}`)).not.toMatch(/url\((?!["']?(?:\/|data:))|@import/);
    }
  });
});
