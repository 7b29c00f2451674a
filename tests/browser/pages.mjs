import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SOON, browse, open, serve, until, wrongs } from "./stage.mjs";

const OPERATOR = "token-of-oli-000000000000";
const PHONE = { width: 375, height: 812 };

let browser;
let everybodys;
let guarded;

before(async () => {
  [browser, everybodys, guarded] = await Promise.all([
    browse(),
    serve(),
    serve({ AUTH_ENABLED: "true", AUTH_TOKENS: `oli:operator:${OPERATOR}`, WRITE_ACTIONS_ENABLED: "true" }),
  ]);
});

after(async () => {
  await browser?.close();
  await everybodys?.end();
  await guarded?.end();
});

async function json(server, path, options = {}) {
  const answer = await fetch(`${server.address}${path}`, options);
  assert.equal(answer.status, 200, path);
  return answer.json();
}

const titles = (page) => page.locator("#causes li a").allTextContents();

/** The status page once it shows the report. */
async function status(options = {}, prepared = null) {
  const opened = await open(browser, `${everybodys.address}/`, options, prepared);
  await opened.page.locator("#causes li").first().waitFor();
  return opened;
}

/** The reference once it lists the routes. */
async function reference(options = {}) {
  const opened = await open(browser, `${everybodys.address}/reference`, options);
  await opened.page.locator("#routes details").first().waitFor();
  return opened;
}

/** Presses these keys, one after the other. */
async function press(page, ...keys) {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
}

test("the status page shows the report of the server and says that it is a simulation", async () => {
  const { page, complaints, close } = await status();
  const report = await json(everybodys, "/api/report");
  assert.ok(report.causes.length > 0);
  await until("the causes of the report", async () => {
    const { causes } = await json(everybodys, "/api/report");
    return JSON.stringify(await titles(page)) === JSON.stringify(causes.map((cause) => cause.title));
  });
  assert.match(await page.locator("#summary").textContent(), /^Health \d+\/100: \d+ critical, \d+ warning, \d+ info\.$/);
  assert.match(await page.locator("#clusters").textContent(), /default \(selected\).*ready.*demo/);
  assert.ok(await page.locator("#demo").isVisible());
  assert.ok(await page.locator("#sign-in").isHidden());
  assert.deepEqual(complaints, []);
  await close();
});

test("who signs in sees the causes, and sees one go with the stream alone", async () => {
  // Nothing is asked by the clock: what changes on the page, the stream has told.
  const noClock = () => {
    globalThis.setInterval = () => 0;
  };
  const { page, complaints, close } = await open(browser, `${guarded.address}/`, {}, noClock);
  await page.getByLabel("Token").waitFor();
  assert.deepEqual(await titles(page), []);
  assert.deepEqual(await wrongs(page), []);

  // That there is nothing to see yet is an answer with status 401, which browsers note as an error.
  await until("the refusals", () => complaints.length > 0);
  assert.ok(complaints.every((one) => /401/.test(one)), complaints.join("\n"));
  complaints.length = 0;

  await page.getByLabel("Token").fill("wrong");
  await press(page, "Enter");
  await page.locator("#sign-in-problem").filter({ hasText: "invalid bearer token" }).waitFor();
  complaints.length = 0;
  await page.getByLabel("Token").fill(OPERATOR);
  await press(page, "Enter");
  await page.locator("#who").filter({ hasText: "oli (operator)" }).waitFor();
  await page.locator("#causes li").first().waitFor();
  await page.locator("#live").filter({ hasText: "as it happens" }).waitFor();

  const waiting = () => page.locator("#causes li").filter({ hasText: "auth-service-v2" }).count();
  assert.equal(await waiting(), 1, `the demo has a pod that no node can take: ${await titles(page)}`);
  const headers = { Authorization: `Bearer ${OPERATOR}` };
  const pods = await json(guarded, "/api/pods?namespace=production", { headers });
  const path = `/api/pods/production/${pods.find((pod) => pod.name.startsWith("auth-service-v2")).name}`;
  assert.equal((await json(guarded, path, { method: "DELETE", headers })).success, true);
  await until("the cause to go", async () => (await waiting()) === 0);
  assert.deepEqual(complaints, []);
  await close();
});

test("a token for one page is forgotten with it", async () => {
  const { page, close } = await open(browser, `${guarded.address}/`);
  await page.getByLabel("Token").fill(OPERATOR);
  await page.getByRole("button", { name: "Use on this page only" }).click();
  await page.locator("#causes li").first().waitFor();
  await page.reload();
  await page.getByLabel("Token").waitFor();
  assert.deepEqual(await titles(page), []);
  await close();
});

test("the reference lists every route and tries one out, by keys alone", async () => {
  const { page, complaints, close } = await reference();
  const description = await json(everybodys, "/api/openapi.json");
  const methods = ["get", "post", "put", "patch", "delete"];
  const wanted = Object.entries(description.paths)
    .flatMap(([path, item]) => Object.keys(item).filter((key) => methods.includes(key)).map((key) => `${key.toUpperCase()} ${path}`));
  const listed = await page.locator("#routes summary").evaluateAll((all) =>
    all.map((one) => `${one.querySelector(".method").textContent} ${one.querySelector(".path").textContent}`));
  assert.deepEqual(listed.sort(), wanted.sort());
  assert.ok(listed.length > 60, `${listed.length} routes`);

  await page.getByLabel("Find").focus();
  await page.keyboard.type("/api/pods/{namespace}/{name}/describe");
  assert.equal(await page.locator("#routes details:visible").count(), 1);
  const [pod] = await json(everybodys, "/api/pods");
  // Past the token, to the one route that is left; then its fields and its button.
  await press(page, "Tab", "Tab", "Enter");
  const route = page.locator("#routes details:visible");
  await route.getByRole("button", { name: "GET" }).waitFor();
  await route.getByLabel("namespace").focus();
  await page.keyboard.type(pod.namespace);
  await press(page, "Tab");
  await page.keyboard.type(pod.name);
  await press(page, "Tab", "Enter");
  const result = route.locator("pre");
  await result.filter({ hasText: "\n200\n" }).waitFor();
  assert.ok((await result.textContent()).includes(pod.name));
  assert.deepEqual(complaints, []);
  await close();
});

test("names of schemas lead to them", async () => {
  const { page, close } = await reference();
  await page.goto(`${everybodys.address}/reference#schema-ErrorBody`);
  await page.locator("#schema-ErrorBody table").waitFor();
  assert.ok(await page.locator("#schema-ErrorBody").evaluate((one) => one.open));
  await close();
});

test("nothing is wider than a telephone", async () => {
  for (const opening of [status, reference]) {
    const { page, complaints, close } = await opening({ viewport: PHONE });
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => {
      one.open = true;
    }));
    await until("what is folded up to be made", () => page.evaluate(() =>
      [...document.querySelectorAll("#routes details")].every((one) => one.lastElementChild.childElementCount > 0)));
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.width, `${page.url()} is ${width} pixels wide`);
    assert.deepEqual(complaints, []);
    await close();
  }
});

test("both pages are dark where somebody wants it, and keep the rules of accessibility in both", async () => {
  for (const opening of [status, reference]) {
    const brightness = {};
    for (const colorScheme of ["light", "dark"]) {
      const { page, complaints, close } = await opening({ colorScheme });
      const [red, green, blue] = await page.evaluate(() =>
        getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      brightness[colorScheme] = red + green + blue;
      // A route that may be tried out, a change, and a schema.
      await page.evaluate(() => {
        for (const one of document.querySelectorAll("#routes details:nth-of-type(3n), #schemas details:nth-of-type(9n)")) {
          one.open = true;
        }
      });
      assert.deepEqual(await wrongs(page), [], `${page.url()} ${colorScheme}`);
      assert.deepEqual(complaints, []);
      await close();
    }
    assert.ok(brightness.dark < 150 && brightness.light > 600, JSON.stringify(brightness));
  }
});

test("everything that can be used is reached by Tab, and shows that it is", async () => {
  for (const opening of [status, reference]) {
    const { page, close } = await opening();
    if (opening === status) {
      await page.locator("#live").filter({ hasText: "as it happens" }).waitFor();
    }
    const usable = await page.evaluate(() => {
      const all = [...document.querySelectorAll("a[href], button, input, summary")].filter((one) => one.checkVisibility());
      all.forEach((one, index) => {
        one.dataset.order = index;
      });
      return all.length;
    });
    const reached = new Set();
    for (let step = 0; step < usable * 2 && reached.size < usable; step += 1) {
      await press(page, "Tab");
      const [order, outline] = await page.evaluate(() => {
        const one = document.activeElement;
        return [one.dataset.order, getComputedStyle(one).outlineStyle];
      });
      if (order !== undefined) {
        assert.notEqual(outline, "none", `nothing shows the focus of element ${order}`);
        reached.add(order);
      }
    }
    assert.equal(reached.size, usable, page.url());
    await close();
  }
});
