// A field above the tables of a page: only the rows that hold all of its words are shown. Without this
// script there is no field, and all rows are there.
"use strict";

{
  const rows = [...document.querySelectorAll(".md-content tbody tr")]
    .map((element) => ({ element, text: element.textContent.toLowerCase() }));
  const sections = [...document.querySelectorAll(".md-content h2")];

  const bar = document.createElement("form");
  bar.className = "tcplab-filter";
  bar.setAttribute("role", "search");
  const label = document.createElement("label");
  label.htmlFor = "filter-rows";
  label.textContent = "Only rows with";
  const field = document.createElement("input");
  field.id = "filter-rows";
  field.type = "search";
  field.placeholder = "zero window";
  field.autocomplete = "off";
  const count = document.createElement("output");
  count.htmlFor = field.id;
  bar.append(label, field, count);
  bar.addEventListener("submit", (event) => event.preventDefault());

  // A heading is shown while the table below it has a row left.
  const tableOf = (heading) => {
    let next = heading.nextElementSibling;
    while (next && next.tagName !== "H2" && !next.querySelector("table") && next.tagName !== "TABLE") {
      next = next.nextElementSibling;
    }
    return next && next.tagName !== "H2" ? next : null;
  };
  const tables = sections.map((heading) => ({ heading, table: tableOf(heading) }));

  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      row.element.hidden = !words.every((word) => row.text.includes(word));
      shown += row.element.hidden ? 0 : 1;
    }
    for (const { heading, table } of tables) {
      if (!table) continue;
      const empty = !table.querySelector("tbody tr:not([hidden])");
      heading.hidden = empty;
      table.hidden = empty;
    }
    count.textContent = words.length ? `${shown} of ${rows.length}` : `${rows.length} rows`;
  };

  field.addEventListener("input", show);
  if (sections.length && rows.length) {
    sections[0].before(bar);
    show();
  }
}
