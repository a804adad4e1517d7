// Sorting, filtering and folds. Without it the page reads the same, with everything unfolded.
"use strict";
const folds = [...document.querySelectorAll("details")];
const unfolded = new Set();
for (const fold of folds) fold.open = false;
addEventListener("beforeprint", () => {
  for (const fold of folds) {
    if (fold.open) unfolded.add(fold);
    fold.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const fold of folds) fold.open = unfolded.has(fold);
  unfolded.clear();
});
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const first = [...body.rows];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort ?? cell.textContent.trim();
  };
  const sort = (heading, column) => {
    const order = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const sorted = first.slice().sort((one, other) =>
      sign * key(one, column).localeCompare(key(other, column), "en", { numeric: true }));
    body.append(...sorted);
  };
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(heading, column));
  });
  const tools = document.getElementById(table.id + "-tools");
  if (!tools) continue;
  const [search, choice, status] = ["input", "select", "[role=status]"].map((name) => tools.querySelector(name));
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of first) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word)) && (!choice || !choice.value || row.dataset.kind === choice.value);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    status.textContent = shown === first.length ? `${first.length} rows` : `${shown} of ${first.length} rows`;
  };
  search.addEventListener("input", filter);
  if (choice) choice.addEventListener("change", filter);
  // All of it is printed, whatever was looked for on the screen.
  addEventListener("beforeprint", () => { for (const row of first) row.hidden = false; });
  addEventListener("afterprint", filter);
  tools.hidden = false;
  filter();
}
