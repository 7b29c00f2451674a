// The server and the browser of a test, and what is held against every page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.env.KUBELENS_BROWSER_MODULES, "/"));
const { chromium } = require("playwright-core");
const axe = require("axe-core");

/** How long it may take until something is seen, in milliseconds. */
export const SOON = 60_000;

/** The server over its simulated cluster, with settings more: its address, and how it is ended. */
export async function serve(settings = {}) {
  const state = await mkdtemp(join(tmpdir(), "kubelens-browser-"));
  const child = spawn(process.env.KUBELENS_SERVER_BIN, ["--demo", "--listen", "127.0.0.1:0", "--state-dir", state], {
    env: { ...process.env, LOG_FORMAT: "human", RATE_LIMIT_ENABLED: "false", ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said += `${line}\n`;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (found) {
        resolve(found[0]);
      }
    });
    ended.then(() => reject(new Error(`the server ended before it listened:\n${said}`)));
  });
  await until("the server to be ready", async () => (await fetch(`${address}/api/readyz`)).status === 200);
  return {
    address,
    async end() {
      child.kill();
      await ended;
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** Waits until something holds. */
export async function until(what, holds) {
  const started = Date.now();
  while (!(await holds())) {
    assert.ok(Date.now() - started < SOON, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function browse() {
  return chromium.launch({ executablePath: process.env.KUBELENS_CHROMIUM, args: ["--headless", "--no-sandbox"] });
}

/** A page of a window of its own; what the browser complains about is kept. */
export async function open(browser, address, options = {}, before = null) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(SOON);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`${error}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.addInitScript({ content: axe.source });
  if (before) {
    await page.addInitScript(before);
  }
  await page.goto(address);
  return { page, complaints, close: () => context.close() };
}

/** What axe finds wrong, a line each. */
export async function wrongs(page) {
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.html}\n  ${node.failureSummary}`));
}
