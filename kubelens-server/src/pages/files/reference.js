import { ask, element, showWho, useToken } from "/assets/client.js";

const at = (id) => document.getElementById(id);
const METHODS = ["get", "post", "put", "patch", "delete"];

function nameOf(reference) {
  return reference.split("/").pop();
}

/** A type in a few words; names of schemas lead to them. */
function typeOf(schema) {
  if (!schema || Object.keys(schema).length === 0) {
    return ["any"];
  }
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [element("a", { href: `#schema-${name}` }, name)];
  }
  const several = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (several) {
    return several.flatMap((one, index) => (index === 0 ? typeOf(one) : [" or ", ...typeOf(one)]));
  }
  if (schema.type === "array") {
    return ["list of ", ...typeOf(schema.items)];
  }
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type ?? "any";
  return [schema.enum ? `${type}: ${schema.enum.join(", ")}` : type];
}

function table(heads, rows) {
  return element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", {}, head)))),
    element("tbody", {}, ...rows)));
}

function parameters(all) {
  if (all.length === 0) {
    return null;
  }
  const rows = all.map((one) => element("tr", {},
    element("td", {}, element("code", {}, one.name), one.required ? " (needed)" : ""),
    element("td", {}, one.in),
    element("td", {}, ...typeOf(one.schema)),
    element("td", {}, one.description ?? "")));
  return element("div", {}, element("h3", {}, "Parameters"), table(["Name", "In", "Type", "Meaning"], rows));
}

function body(request) {
  const content = request?.content;
  if (!content) {
    return null;
  }
  const kinds = Object.entries(content).map(([kind, one]) => element("p", {}, element("code", {}, kind), " ", ...typeOf(one.schema)));
  return element("div", {}, element("h3", {}, "Body"), ...kinds);
}

function answers(responses) {
  const rows = Object.entries(responses).map(([status, one]) => {
    const content = Object.entries(one.content ?? {});
    const types = content.flatMap(([kind, inside]) => [element("code", {}, kind), " ", ...typeOf(inside.schema), " "]);
    return element("tr", {}, element("td", {}, status), element("td", {}, ...types), element("td", {}, one.description ?? ""));
  });
  return element("div", {}, element("h3", {}, "Answers"), table(["Status", "Type", "Meaning"], rows));
}

function isStream(operation) {
  const kinds = Object.values(operation.responses ?? {}).flatMap((one) => Object.keys(one.content ?? {}));
  return kinds.includes("text/event-stream") || "101" in operation.responses;
}

/** A form that sends the request, and shows what came. */
function tryout(path, operation, all) {
  if (isStream(operation)) {
    return element("p", { class: "hint" }, "A stream: listen with curl -N.");
  }
  const fields = all.filter((one) => one.in !== "header").map((one) => {
    const field = element("input", { name: one.name, required: Boolean(one.required), autocomplete: "off" });
    return [one, field];
  });
  const result = element("pre", { hidden: true, tabIndex: 0 });
  const form = element("form", {},
    element("h3", {}, "Try it"),
    ...fields.map(([one, field]) => element("label", {}, `${one.name} `, field, " ")),
    element("button", {}, "GET"),
    result);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let address = path;
    const query = new URLSearchParams();
    for (const [one, field] of fields) {
      if (one.in === "path") {
        address = address.replace(`{${one.name}}`, encodeURIComponent(field.value));
      } else if (field.value !== "") {
        query.append(one.name, field.value);
      }
    }
    const text = query.toString();
    address = text === "" ? address : `${address}?${text}`;
    result.hidden = false;
    result.textContent = `GET ${address}`;
    try {
      const answer = await ask(address);
      const shown = answer.json === null ? answer.text : JSON.stringify(answer.json, null, 2);
      result.textContent = `GET ${address}\n${answer.status}\n\n${shown}`;
    } catch {
      result.textContent = `GET ${address}\n\nThe server does not answer.`;
    }
  });
  return form;
}

function tags(operation) {
  const role = operation["x-kubelens-role"];
  const gate = operation["x-kubelens-write-gate"];
  return [
    role ? element("span", { class: "tag" }, role) : null,
    gate ? element("span", { class: "tag gate" }, "write gate") : null,
  ];
}

/** One route, folded up; what is in it is made when it is opened. */
function route(method, path, operation, shared) {
  const all = [...shared, ...(operation.parameters ?? [])];
  const inside = element("div", {});
  const made = element("details", { class: "operation" },
    element("summary", {},
      element("span", { class: "method" }, method.toUpperCase()),
      element("span", { class: "path" }, path),
      ...tags(operation),
      operation.summary ?? ""),
    inside);
  made.dataset.text = `${method} ${path} ${operation.summary ?? ""} ${operation["x-kubelens-role"] ?? ""}`.toLowerCase();
  made.addEventListener("toggle", () => {
    if (!made.open || inside.childElementCount > 0) {
      return;
    }
    inside.append(...[
      operation.description ? element("p", {}, operation.description) : null,
      parameters(all),
      body(operation.requestBody),
      answers(operation.responses ?? {}),
      method === "get" ? tryout(path, operation, all) : null,
    ].filter((one) => one !== null));
  });
  return made;
}

function schema(name, one) {
  const needed = one.required ?? [];
  const fields = Object.entries(one.properties ?? {}).map(([field, type]) => element("tr", {},
    element("td", {}, element("code", {}, field), needed.includes(field) ? "" : " (may be left out)"),
    element("td", {}, ...typeOf(type)),
    element("td", {}, type.description ?? "")));
  return element("details", { class: "operation", id: `schema-${name}` },
    element("summary", {}, element("span", { class: "path" }, name), one.description ?? ""),
    element("div", {}, fields.length > 0 ? table(["Field", "Type", "Meaning"], fields) : element("p", {}, ...typeOf(one))));
}

function show(document_) {
  const sections = new Map((document_.tags ?? []).map((tag) => [tag.name, { about: tag.description ?? "", routes: [] }]));
  for (const [path, item] of Object.entries(document_.paths)) {
    for (const method of METHODS.filter((one) => one in item)) {
      const operation = item[method];
      const tag = operation.tags?.[0] ?? "other";
      if (!sections.has(tag)) {
        sections.set(tag, { about: "", routes: [] });
      }
      sections.get(tag).routes.push(route(method, path, operation, item.parameters ?? []));
    }
  }
  const shown = [...sections].filter(([, one]) => one.routes.length > 0).map(([tag, one]) =>
    element("section", {}, element("h2", {}, tag), element("p", { class: "hint" }, one.about), ...one.routes));
  at("routes").replaceChildren(...shown);
  const schemas = Object.entries(document_.components?.schemas ?? {}).sort(([a], [b]) => a.localeCompare(b));
  at("schemas").replaceChildren(...schemas.map(([name, one]) => schema(name, one)));
}

/** Opens what the address points to. */
function openTarget() {
  const target = location.hash === "" ? null : at(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

function find() {
  const words = at("find").value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  for (const one of at("routes").querySelectorAll("details")) {
    one.hidden = !words.every((word) => one.dataset.text.includes(word));
  }
  for (const section of at("routes").querySelectorAll("section")) {
    section.hidden = section.querySelector("details:not([hidden])") === null;
  }
}

at("tools").addEventListener("submit", (event) => event.preventDefault());
at("find").addEventListener("input", find);
at("token").addEventListener("change", () => {
  useToken(at("token").value);
  showWho(at("who")).catch(() => {});
});
addEventListener("hashchange", openTarget);

showWho(at("who")).catch(() => {});
ask("/api/openapi.json").then((answer) => {
  show(answer.json);
  openTarget();
}).catch(() => {
  at("problem").textContent = "The description cannot be read: the server does not answer.";
});
