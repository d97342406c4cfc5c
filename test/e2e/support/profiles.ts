/**
 * Browser profiles, emptied and kept for the next test: a new one costs the processor a second, for a process of its own and for
 * compiling what it has never seen. One page stays open in each, or its process would go with the last.
 */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

interface Profile {
  readonly context: BrowserContext;
  /** What it was made with. */
  readonly made: string;
  /** The page that stays open. */
  keeper?: Page;
  inUse: boolean;
}

const profiles = new WeakMap<Browser, Profile[]>();

const profilesOf = (browser: Browser): Profile[] => {
  const known = profiles.get(browser) ?? [];
  profiles.set(browser, known);
  return known;
};

/** A new page in a profile where nothing is stored. What a page can be told later is no part of the profile. */
export const openProfile = async (browser: Browser, options: BrowserContextOptions): Promise<Page> => {
  const { viewport, colorScheme, reducedMotion, ...rest } = options;
  const made = JSON.stringify(rest);
  const known = profilesOf(browser);
  let profile = known.find((one) => !one.inUse && one.made === made);
  if (profile === undefined) {
    profile = { context: await browser.newContext({ ...rest, viewport: null }), made, inUse: true };
    known.push(profile);
  }
  profile.inUse = true;
  const page = await profile.context.newPage();
  if (viewport != null) await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme: colorScheme ?? null, reducedMotion: reducedMotion ?? null });
  return page;
};

const empty = async (profile: Profile, origin: string): Promise<void> => {
  const { context } = profile;
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await context.setOffline(false);
  profile.keeper ??= await context.newPage();
  // What a page still writes when it is left comes before the emptying.
  for (const page of context.pages()) if (page !== profile.keeper) await page.close();
  if (profile.keeper.url() === 'about:blank') await profile.keeper.goto(`${origin}/healthz`);
  await context.clearCookies();
  const session = await context.newCDPSession(profile.keeper);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await session.detach();
  profile.inUse = false;
};

/** Closes the pages of a test. The next one begins as if nobody had been here. @param origin where the app was. */
export const leaveProfiles = async (browser: Browser, origin: string): Promise<void> => {
  for (const profile of profilesOf(browser)) if (profile.inUse) await empty(profile, origin);
};
