// Speaks to the API: with the session of this browser, or with a token that only this page knows.

let token = "";

/** Uses a token from now on; none for the session. */
export function useToken(text) {
  token = text.trim();
}

/** An answer: status, headers, text, and the JSON where it is JSON. */
export async function ask(path, options = {}) {
  const headers = { ...(options.headers ?? {}) };
  if (token !== "") {
    headers.Authorization = `Bearer ${token}`;
  }
  const response = await fetch(path, { ...options, headers, credentials: "same-origin" });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
  let json = null;
  if (isJson) {
    try {
      json = JSON.parse(text);
    } catch {
      json = null;
    }
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** An element with its properties and what is in it; text is never read as markup. */
export function element(name, properties = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") {
      made.className = value;
    } else if (key in made) {
      made[key] = value;
    } else {
      made.setAttribute(key, value);
    }
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

/** Says who is signed in. */
export async function showWho(place) {
  const { json } = await ask("/api/auth/session");
  if (json === null || json.enabled === undefined) {
    place.textContent = "";
  } else if (!json.enabled) {
    place.textContent = "sign-in is off: everyone may look";
  } else if (json.authenticated) {
    place.textContent = `${json.user.name} (${json.user.role})`;
  } else {
    place.textContent = "not signed in";
  }
  return json;
}
