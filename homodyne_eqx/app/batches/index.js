"use strict";
const body = document.querySelector("tbody");
const headings = [...document.querySelectorAll("thead th")];
const chosen = new URLSearchParams(location.hash.slice(1));

function key(row, column) {
  const text = row.cells[column].dataset.key;
  return text === "" ? null : Number(text);
}

function apply() {
  const column = Number(chosen.get("column") ?? -1), down = chosen.get("down") === "1", shown = chosen.get("show");
  headings.forEach((heading, k) => {
    if (k === column) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  });
  if (headings[column]?.querySelector("button")) {
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (down ? b - a : a - b));
    body.append(...rows.map(([, row]) => row));
  }
  for (const row of body.rows) row.hidden = Boolean(shown) && row.dataset.status !== shown;
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
