/**
 * Takes a picture of a page of Temporal UI, as docs/images/run.png is:
 *
 *   make demo KEEP=1
 *   node dist/lab/demo/screenshot.js <the run's link> docs/images/run.png
 *
 * It needs a Chromium, which is no part of the set-up: on the PATH as `chromium`, or named by CHROMIUM.
 */
import { chromium } from 'playwright-core';

const size = { width: 1400, height: 1100 };
const deadlineMs = 30_000;

async function main([link, file]: string[]): Promise<void> {
  if (!link || !file) throw new Error('two arguments are needed: a link, and the picture to write');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const page = await browser.newPage({ viewport: size, timezoneId: 'UTC' });
    await page.goto(link, { timeout: deadlineMs });
    // The step table comes from a query that a worker answers after the page has loaded.
    await page.getByRole('table').first().waitFor({ timeout: deadlineMs });
    await page.waitForLoadState('networkidle', { timeout: deadlineMs }).catch(() => undefined);
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`screenshot: ${error.message}`);
  process.exitCode = 1;
});
