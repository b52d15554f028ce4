/** Debian's Chromium, used as somebody does who has a keyboard and no mouse. */
import axe from 'axe-core';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { authorizeParams, type Oauth, pkce, PUBLIC } from '../../oauth/support/oauth.ts';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** More keys than a page of ours has things to reach. */
const MOST_TABS = 60;

/** @throws Error that says how to install one */
export function openBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined)
    throw new Error('no Chromium here: `apt-get install chromium`, or name one in CHROMIUM');
  // a browser's own sandbox can't be had as root, nor in most containers
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface Screen {
  page: Page;
  context: BrowserContext;
  /** What the page's policy refused, and what failed in it. */
  faults: string[];
}

export async function openScreen(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Screen> {
  const context = await browser.newContext({ locale: 'fr-FR', timezoneId: 'Europe/Paris', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    // a status that isn't 200 is told there too, and is no fault of the page
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return { page, context, faults };
}

export interface Application {
  callback: string;
  close(): void;
}

/** An application on another origin, registered with its own redirect address. */
export async function openApplication(oauth: Oauth): Promise<Application> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><html lang="fr"><title>application</title><h1>application</h1></html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const callback = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  await oauth.register({ ...PUBLIC, redirectUris: [callback] });
  return { callback, close: () => server.close() };
}

/** Where an application sends the browser. */
export function launchAddress(
  oauth: Oauth,
  { callback }: Application,
  more: Record<string, string | undefined> = {},
): string {
  const params = authorizeParams(oauth, pkce().challenge, { redirect_uri: callback, ...more });
  return `${oauth.issuer}/authorize?${new URLSearchParams(params).toString()}`;
}

/** Names and roles, as assistive technology is told them, of what has the focus. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    if (element === null || element === document.body) return '';
    const labels = [...(element.labels ?? [])].map((label) => label.textContent ?? '');
    const name = labels.length > 0 ? labels.join(' ') : (element.textContent ?? '');
    return name.replace(/\s+/g, ' ').trim();
  });
}

/** Goes there by Tab, checks that the focus can be seen. @throws Error when the keyboard does not get there */
export async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let pressed = 0; pressed < MOST_TABS; pressed += 1) {
    if ((await focused(page)) === name) {
      expect({ name, outline: await outline(page) }).toEqual({ name, outline: true });
      return;
    }
    await page.keyboard.press('Tab');
    passed.push(await focused(page));
  }
  throw new Error(`Tab doesn't lead to \`${name}\`, only to: ${[...new Set(passed)].join(' | ')}`);
}

function outline(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
  });
}

export async function typeInto(page: Page, name: string, text: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.type(text);
}

/** By the keyboard, and waits for the page that comes. */
export async function press(page: Page, name: string, key = 'Enter'): Promise<void> {
  await tabTo(page, name);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)]);
}

/** All of axe's rules, in light and dark, and on the narrowest screen: no violation, and no scrolling sideways. */
export async function expectAccessible(page: Page): Promise<void> {
  const size = page.viewportSize()!;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page)).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 320, height: 640 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize(size);
}

/** What axe finds. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations: broken } = await (window as unknown as { axe: typeof axe }).axe.run();
    return broken.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  return found;
}
