"use strict";
const table = document.querySelector("table");
const headings = [...document.querySelectorAll("thead th")];
const chosen = new URLSearchParams(location.hash.slice(1));

function key(file, column) {
  const text = file.rows[0].cells[column].dataset.key;
  return text === "" ? null : Number(text);
}

function apply() {
  const column = Number(chosen.get("column") ?? -1), down = chosen.get("down") === "1", shown = chosen.get("show");
  headings.forEach((heading, k) => {
    if (k === column) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  });
  if (headings[column]?.querySelector("button")) {
    const files = [...table.tBodies].map((file) => [key(file, column), file]);
    files.sort(([a], [b]) => (a === null) - (b === null) || (down ? b - a : a - b));
    table.append(...files.map(([, file]) => file));
  }
  for (const file of table.tBodies) file.hidden = Boolean(shown) && file.dataset.status !== shown;
  for (const button of document.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", String(button.dataset.show === shown));
}

function keep() {
  history.replaceState(null, "", "#" + chosen);
  apply();
}

headings.forEach((heading, k) => heading.querySelector("button")?.addEventListener("click", () => {
  chosen.set("down", chosen.get("column") === String(k) && chosen.get("down") !== "1" ? "1" : "0");
  chosen.set("column", k);
  keep();
}));
for (const button of document.querySelectorAll("[data-show]"))
  button.addEventListener("click", () => {
    if (chosen.get("show") === button.dataset.show) chosen.delete("show");
    else chosen.set("show", button.dataset.show);
    keep();
  });
apply();
