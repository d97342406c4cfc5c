/** What is measured: each interaction of the page, as a person does it, and the same inputs on a page with nothing in it. */
import type { Page } from 'playwright-core';

export interface Interaction {
  readonly name: string;
  readonly type: 'keydown' | 'click' | 'wheel' | 'arrive';
  /** Fewer than asked for, where each time is another. */
  readonly timesMax?: number;
  readonly prepare?: (page: Page) => Promise<void>;
  readonly act: (page: Page, time: number) => Promise<void>;
}

/** Clicks without waiting for what follows from it, as `locator.click` would. */
const press = async (page: Page, selector: string, nth: number): Promise<void> => {
  const box = await page.locator(selector).nth(nth).boundingBox();
  if (box === null) throw new Error(`${selector} is not on the screen`);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.up();
};

const emptyPage = (): void => {
  document.body.innerHTML =
    '<textarea></textarea><button>0</button><div style="height:300px;overflow:auto"><p style="height:100000px">text</p></div>';
  document.querySelector('button')?.addEventListener('click', (event) => {
    (event.target as HTMLElement).textContent = String(performance.now());
  });
};

export const floor: readonly Interaction[] = [
  {
    name: 'a key in a text field',
    type: 'keydown',
    prepare: async (page) => {
      await page.evaluate(emptyPage);
      await page.locator('textarea').focus();
    },
    act: (page) => page.keyboard.press('a'),
  },
  { name: 'a click that changes a word', type: 'click', act: (page) => press(page, 'button', 0) },
  {
    name: 'a turn of the wheel',
    type: 'wheel',
    prepare: (page) => page.locator('div').hover(),
    act: (page) => page.mouse.wheel(0, 600),
  },
];

const toTop = async (page: Page): Promise<void> => {
  await page.locator('.rows').evaluate((list) => list.scrollTo(0, 0));
  await page.waitForTimeout(300);
};

/** Rows that the list shows without scrolling. */
export const near = 8;

/** `receive` has the friend with this number write something. */
export const interactions = (receive: (friend: number) => Promise<void>): readonly Interaction[] => [
  {
    name: 'scroll the list',
    type: 'wheel',
    prepare: (page) => page.locator('.row').nth(2).hover(),
    act: (page) => page.mouse.wheel(0, 600),
  },
  {
    name: 'select a conversation, first time',
    type: 'click',
    timesMax: near,
    prepare: toTop,
    act: (page, time) => press(page, '.row', time % near),
  },
  {
    name: 'select a conversation, again',
    type: 'click',
    act: (page, time) => press(page, '.row', time % near),
  },
  {
    name: 'type in the composer',
    type: 'keydown',
    prepare: (page) => page.locator('#composer').focus(),
    act: (page) => page.keyboard.press('a'),
  },
  { name: 'a message comes in', type: 'arrive', act: (_page, time) => receive(time) },
  {
    name: 'open a dialog',
    type: 'keydown',
    prepare: (page) => page.keyboard.press('Escape'),
    act: async (page, time) => page.keyboard.press(time % 2 === 0 ? 'n' : 'Escape'),
  },
  { name: 'the other folder', type: 'click', act: (page, time) => press(page, '.folders button', (time + 1) % 2) },
  {
    name: 'find by name',
    type: 'keydown',
    prepare: (page) => page.locator('#find').focus(),
    act: (page, time) => page.keyboard.press(time % 2 === 0 ? '7' : 'Backspace'),
  },
  { name: 'show and hide the Lens', type: 'keydown', act: (page) => page.keyboard.press('Alt+l') },
];
