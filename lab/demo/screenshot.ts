/**
 * Takes the pictures of a run in Temporal UI: its current details (run.png) and its timeline (timeline.png).
 *
 *   make demo KEEP=1
 *   node dist/lab/demo/screenshot.js <the run's link> docs/images
 *
 * It needs a Chromium, which is no part of the set-up: Debian's, or one that CHROMIUM names.
 */
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const size = { width: 1400, height: 1180 };
const deadlineMs = 30_000;

async function takeDetails(page: Page, run: string, file: string): Promise<void> {
  await page.goto(`${run}/user-metadata`);
  // Markdown is shown in a frame of its own, and comes from a query that a worker answers after the page has loaded.
  await page.locator('iframe').last().contentFrame().getByText('from → to').waitFor();
  await page.screenshot({ path: file });
}

async function takeTimeline(page: Page, run: string, file: string): Promise<void> {
  await page.goto(`${run}/timeline`);
  const title = page.getByRole('heading', { name: 'Timeline' });
  await title.evaluate((element) => (element as unknown as { scrollIntoView(): void }).scrollIntoView());
  await page.getByText('verifyStorage').first().waitFor();
  await page.screenshot({ path: file });
}

async function main([link, folder]: string[]): Promise<void> {
  if (!link || !folder) throw new Error("two arguments are needed: a run's link, and the folder to write to");
  const run = link.replace(/\/(history|timeline|user-metadata)?$/, '');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const page = await browser.newPage({ viewport: size, timezoneId: 'UTC' });
    page.setDefaultTimeout(deadlineMs);
    await takeDetails(page, run, join(folder, 'run.png'));
    await takeTimeline(page, run, join(folder, 'timeline.png'));
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`screenshot: ${error.message}`);
  process.exitCode = 1;
});
