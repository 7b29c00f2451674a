"use strict";
const form = document.getElementById("filter");
const words = document.getElementById("words");
const boxes = [...form.querySelectorAll("input[type=checkbox]")];
const entries = [...document.querySelectorAll("article")].map((article) => (
  { article, severities: article.dataset.severities.split(" "), text: article.textContent.toLowerCase() }
));
function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  let shown = 0;
  for (const { article, severities, text } of entries) {
    const fits = severities.some((severity) => chosen.has(severity)) && wanted.every((word) => text.includes(word));
    article.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  document.getElementById("count").textContent = `${shown} of ${entries.length}`;
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = entries.length === 0;
filter();
