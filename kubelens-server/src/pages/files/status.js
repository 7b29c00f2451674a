import { ask, element, showWho, useToken } from "/assets/client.js";

// The stream tells of changes; where there is none, and for what it does not tell, the page asks now and then.
const EVERY = 10_000;
const MOST_CAUSES = 50;
const at = (id) => document.getElementById(id);

function problem(answer) {
  return answer.json?.error ?? `the server answered ${answer.status}`;
}

function showClusters({ items, selected }) {
  const rows = items.map((one) => {
    const name = one.name === selected ? `${one.name} (selected)` : one.name;
    const status = element("span", { class: one.status }, one.status);
    const why = one.error ? element("div", { class: "problem" }, one.error) : null;
    return element("tr", {},
      element("td", {}, name),
      element("td", {}, status, why),
      element("td", {}, one.version ?? "unknown"),
      element("td", {}, one.asOf ?? "never read"),
      element("td", {}, one.source));
  });
  at("clusters").replaceChildren(...rows);
  at("demo").hidden = !items.some((one) => one.name === selected && one.source === "demo");
}

function place({ kind, namespace, name }) {
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

let lastShown = "";

function showReport(answer) {
  const { causes, summary } = answer.json;
  const { critical, warning, info } = summary;
  at("summary").textContent = causes.length === 0
    ? `Nothing was found. Health ${summary.healthScore}/100.`
    : `Health ${summary.healthScore}/100: ${critical} critical, ${warning} warning, ${info} info.`;
  const since = answer.headers.get("x-kubelens-as-of");
  at("stale").hidden = since === null;
  at("stale").textContent = since === null ? "" : `The cluster is not followed at the moment: this is how it was at ${since}.`;
  const shown = JSON.stringify([causes.length, causes.slice(0, MOST_CAUSES)]);
  if (shown === lastShown) {
    // Whoever stands on one of them with the keyboard stays there.
    return;
  }
  lastShown = shown;
  const rows = causes.slice(0, MOST_CAUSES).map((cause) => element("li", {},
    element("p", {},
      element("span", { class: `tag ${cause.severity}` }, cause.severity),
      element("a", { href: `/api/report?cause=${encodeURIComponent(cause.id)}` }, cause.title)),
    element("p", { class: "quiet-text" }, `${cause.code}, ${place(cause.subject)}`)));
  at("causes").replaceChildren(...rows);
  if (causes.length > MOST_CAUSES) {
    at("causes").append(element("li", {}, `and ${causes.length - MOST_CAUSES} more, in the report`));
  }
}

function showNothing(why) {
  at("summary").textContent = why;
  lastShown = "";
  at("causes").replaceChildren();
}

let isWaiting = false;
let isStale = false;

/** Reads everything anew; what is asked for meanwhile is read once more after it. */
async function refresh() {
  isStale = true;
  if (isWaiting || document.hidden) {
    return;
  }
  isWaiting = true;
  while (isStale) {
    isStale = false;
    await read();
  }
  isWaiting = false;
}

async function read() {
  try {
    const clusters = await ask("/api/clusters");
    at("sign-in").hidden = clusters.status !== 401;
    if (clusters.status !== 200) {
      at("clusters").replaceChildren();
      showNothing(clusters.status === 401 ? "Sign in to see it." : problem(clusters));
      return;
    }
    listen();
    showClusters(clusters.json);
    const report = await ask("/api/report");
    if (report.status === 200) {
      showReport(report);
    } else {
      showNothing(problem(report));
    }
    const { json } = await ask("/api/runtime");
    if (json?.mode) {
      const warnings = (json.warnings ?? []).join("; ");
      at("runtime").textContent = `Mode ${json.mode}. ${warnings}`;
    }
  } catch {
    showNothing("The server does not answer.");
  }
}

let stream = null;
let isOnThisPageOnly = false;

/** Hears of changes, once; a browser sends its session with it, and no token that only this page knows. */
function listen() {
  if (isOnThisPageOnly || (stream !== null && stream.readyState !== EventSource.CLOSED)) {
    return;
  }
  stream = new EventSource("/api/stream?types=report_changed,cluster_status");
  const say = (text) => {
    at("live").textContent = text;
  };
  // What changed before it was open is read with it.
  stream.addEventListener("open", () => {
    say("Shown as it happens.");
    refresh();
  });
  stream.addEventListener("error", () => say(""));
  for (const type of ["report_changed", "cluster_status", "resync"]) {
    stream.addEventListener(type, refresh);
  }
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = event.target.elements.token;
  const token = field.value;
  field.value = "";
  at("sign-in-problem").textContent = "";
  if (event.submitter?.value === "memory") {
    useToken(token);
    isOnThisPageOnly = true;
  } else {
    const answer = await ask("/api/auth/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (answer.status !== 200) {
      at("sign-in-problem").textContent = problem(answer);
      return;
    }
  }
  await showWho(at("who"));
  await refresh();
});

showWho(at("who")).catch(() => {});
refresh();
setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
