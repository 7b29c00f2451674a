import { ask, element, showWho, useToken } from "/assets/client.js";

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

function showReport(answer) {
  const { causes, summary } = answer.json;
  const { critical, warning, info } = summary;
  at("summary").textContent = causes.length === 0
    ? `Nothing was found. Health ${summary.healthScore}/100.`
    : `Health ${summary.healthScore}/100: ${critical} critical, ${warning} warning, ${info} info.`;
  const since = answer.headers.get("x-kubelens-as-of");
  at("stale").hidden = since === null;
  at("stale").textContent = since === null ? "" : `The cluster is not followed at the moment: this is how it was at ${since}.`;
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
  at("causes").replaceChildren();
}

let isWaiting = false;

async function refresh() {
  if (isWaiting || document.hidden) {
    return;
  }
  isWaiting = true;
  try {
    const clusters = await ask("/api/clusters");
    at("sign-in").hidden = clusters.status !== 401;
    if (clusters.status !== 200) {
      at("clusters").replaceChildren();
      showNothing(clusters.status === 401 ? "Sign in to see it." : problem(clusters));
      return;
    }
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
  } finally {
    isWaiting = false;
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
