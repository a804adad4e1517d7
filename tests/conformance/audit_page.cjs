// Opens the page of an audit in Chromium and uses it.
//
//     node audit_page.cjs CHROMIUM PAGE FOLDER-FOR-PICTURES
//
// Prints a line for each thing that agrees; the first that does not ends it.
"use strict";
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const path = require("node:path");

// In milliseconds; a busy machine takes its time.
const PATIENCE = 180_000;

const [browserPath, page, pictures] = process.argv.slice(2);

function must(holds, message) {
  if (!holds) throw new Error(message);
}

async function opened(browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  const tab = await context.newPage();
  const said = [];
  tab.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  tab.on("pageerror", (error) => said.push(`error: ${error}`));
  tab.on("request", (request) => {
    if (!request.url().startsWith("file:")) said.push(`asked for ${request.url()}`);
  });
  await tab.goto(`file://${page}`);
  return { context, tab, said };
}

async function column(tab, table, index) {
  return tab.$$eval(`#${table} tbody tr:not([hidden])`, (rows, index) => rows.map((row) => row.cells[index].textContent.trim()), index);
}

async function sortsAndFilters(browser) {
  const { context, tab, said } = await opened(browser, { viewport: { width: 1280, height: 900 } });
  const before = await column(tab, "findings-table", 1);
  must(before.length > 4, "too few findings to sort");
  const heading = tab.locator("#findings-table thead th", { hasText: "code" });
  await heading.locator("button").focus();
  await tab.keyboard.press("Enter");
  must((await heading.getAttribute("aria-sort")) === "ascending", "aria-sort does not say ascending");
  const up = await column(tab, "findings-table", 1);
  must(JSON.stringify(up) === JSON.stringify([...before].sort((a, b) => a.localeCompare(b, "en"))), "not sorted: " + up);
  await tab.keyboard.press("Enter");
  must((await heading.getAttribute("aria-sort")) === "descending", "aria-sort does not say descending");
  const down = await column(tab, "findings-table", 1);
  must(down[0] === up[up.length - 1] && down[0] !== up[0], "not sorted downwards: " + down);
  await tab.locator("#findings-table thead button", { hasText: "severity" }).click();
  const severities = await column(tab, "findings-table", 0);
  must(severities[0].endsWith("error"), "the worst is not first: " + severities);
  await tab.fill("#findings-table-tools input", "rsna-pneumonia");
  const filtered = await column(tab, "findings-table", 1);
  must(filtered.length > 0 && filtered.length < before.length, `the filter shows ${filtered.length} of ${before.length}`);
  const status = await tab.textContent("#findings-table-tools [role=status]");
  must(status === `${filtered.length} of ${before.length} rows`, "the status says " + status);
  await tab.selectOption("#findings-table-tools select", "warning");
  must((await column(tab, "findings-table", 0)).every((word) => word.endsWith("warning")), "other severities are shown");
  const open = () => tab.$$eval("#terms details", (folds) => folds.map((fold) => fold.open));
  const onScreen = await open();
  must(onScreen.length > 1 && !onScreen.includes(true), "the terms of each licence are not folded: " + onScreen);
  await tab.emulateMedia({ media: "print" });
  await tab.evaluate(() => dispatchEvent(new Event("beforeprint")));
  must(!(await open()).includes(false), "a fold is not printed open");
  must((await column(tab, "findings-table", 1)).length === before.length, "a filtered row is not printed");
  must(!(await tab.isVisible("nav")), "the way to the parts is printed");
  await tab.emulateMedia({ media: "screen" });
  await tab.locator("#matrix thead button").nth(1).click();
  must((await tab.locator("#matrix thead th").nth(1).getAttribute("aria-sort")) === "ascending", "the matrix does not sort");
  await tab.goto(`file://${page}`);
  await tab.keyboard.press("Tab");
  must((await tab.evaluate(() => document.activeElement.textContent)) === "To the report", "the first stop is not the skip link");
  await tab.screenshot({ path: path.join(pictures, "audit-wide.png"), fullPage: true });
  must(said.length === 0, said.join("\n"));
  await context.close();
  return `sorts and filters by keyboard and mouse, prints all ${before.length} findings, nothing on the console and nothing asked for`;
}

async function fits(browser) {
  const wide = [];
  for (const width of [320, 375, 768]) {
    const { context, tab } = await opened(browser, { viewport: { width, height: 800 }, isMobile: width < 700, hasTouch: width < 700 });
    const over = await tab.evaluate(() => {
      const page = document.scrollingElement;
      if (page.scrollWidth <= innerWidth && innerWidth <= screen.width) return [];
      return [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll")).slice(0, 5).map((one) => one.outerHTML.slice(0, 120));
    });
    const room = await tab.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
    must(room[0] <= width && over.length === 0, `at ${width} px the page is ${room} wide: ${over.join("\n")}`);
    await tab.screenshot({ path: path.join(pictures, `audit-${width}.png`) });
    await context.close();
    wide.push(width);
  }
  return `no sideways scrolling at ${wide.join(", ")} px`;
}

async function isAccessible(browser) {
  const seen = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 375]) {
      // The page's own policy keeps other scripts out; here a tool of the check must run in it.
      const { context, tab } = await opened(browser, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      await tab.evaluate(axe.source);
      const { violations, passes } = await tab.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      const bad = violations.map((one) => `${one.impact} ${one.id}: ${one.help}\n  ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + node.failureSummary).join("\n  ")}`);
      must(bad.length === 0, `${colorScheme} at ${width} px:\n${bad.join("\n")}`);
      must(passes.some((one) => one.id === "color-contrast"), "contrast was not looked at");
      if (width === 1280) await tab.screenshot({ path: path.join(pictures, `audit-${colorScheme}.png`) });
      seen.push(`${colorScheme} ${width} px (${passes.length} rules)`);
      await context.close();
    }
  }
  return `axe-core ${axe.version} finds no violation of any weight: ${seen.join(", ")}`;
}

async function readsWithoutScripts(browser) {
  const { context, tab, said } = await opened(browser, { javaScriptEnabled: false });
  must(await tab.isVisible("#findings-table tbody tr"), "findings are not shown without scripts");
  must(!(await tab.isVisible(".tools")), "tools that do nothing are shown");
  must(said.every((one) => !one.startsWith("error")), said.join("\n"));
  await context.close();
  return "reads the same without scripts";
}

async function main() {
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu"], timeout: PATIENCE });
  try {
    for (const check of [sortsAndFilters, fits, isAccessible, readsWithoutScripts]) console.log(await check(browser));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error.stack || String(error));
  process.exit(1);
});
