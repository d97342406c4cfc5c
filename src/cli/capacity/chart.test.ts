import { describe, expect, it } from 'vitest';
import { drawBars, drawLines } from './chart.ts';

describe('charts', () => {
  it('of lines are SVG that follows the colour scheme of the reader', async () => {
    const svg = await drawLines({
      title: 'Growth',
      x: { name: 'users', log: true },
      y: { name: 'share', log: true },
      lines: [
        {
          name: 'quota',
          points: [
            [1, 0.1],
            [10, 1],
          ],
        },
      ],
      across: { name: 'the limit', y: 1 },
    });
    expect(svg).toMatch(/^<svg/);
    expect(svg).toContain('prefers-color-scheme: dark');
    for (const text of ['Growth', 'users', 'share', 'quota', 'the limit']) expect(svg).toContain(text);
  });

  it('of bars show each value', async () => {
    const bars = [{ name: 'ours', values: [1_500, 20] }];
    const svg = await drawBars({ title: 'Sends', x: 'a second', categories: ['one', 'two'], bars });
    for (const text of ['Sends', 'a second', 'one', 'two', '1.5k', '20']) expect(svg).toContain(`>${text}<`);
  });
});
