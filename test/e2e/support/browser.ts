/** The system's Chromium, driven by playwright-core, for tests and screenshots. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The same engine twice: the shell draws no window, so that the tests take two thirds of the browser's time. */
const places = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'] as const;
const executablePath = process.env.CHROMIUM ?? places.find((place) => existsSync(place)) ?? places[0];

/** Why there can be no browser test here; undefined when there can. In CI a missing browser is a failure, not a reason. */
export const noBrowser: string | undefined =
  existsSync(executablePath) || process.env.CI !== undefined ? undefined : `there is no Chromium at ${executablePath}`;

/** Quiet: a browser that asks nothing of the network but what the page does. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page whose headers a test changed on the way counts as one from the internet, which may not ask this machine.
  '--disable-features=LocalNetworkAccessChecks',
];

/** `more` are further switches of the browser's command line. */
export const launchBrowser = (...more: readonly string[]): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...args, ...more] });
