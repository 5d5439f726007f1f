/* Filters of the scoreboard. A classic script: it works from a file, and without it every
   claim is shown, checks behind their folds. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  const board = document.querySelector(".scoreboard");
  if (!board) return;
  const rows = Array.from(board.querySelectorAll("tr[data-verdict]"));
  const folds = Array.from(board.querySelectorAll("details"));
  const asked = new URLSearchParams(window.location.search);
  const form = document.createElement("form");
  form.className = "scoreboard-filter";
  const told = document.createElement("p");
  told.setAttribute("role", "status");

  function labelled(name, text, field) {
    const label = document.createElement("label");
    field.name = name;
    label.append(text + " ", field);
    form.append(label);
    field.value = asked.get(name) || "";
    return field;
  }

  function choice(name, text, titles) {
    const field = document.createElement("select");
    field.add(new Option("all", ""));
    const values = new Set(rows.map((row) => row.dataset[name]));
    values.forEach((value) => field.add(new Option(titles ? titles(value) : value, value)));
    return labelled(name, text, field);
  }

  function title(chapter) {
    const place = board.querySelector('section[data-chapter="' + chapter + '"] h3');
    return place ? place.textContent : chapter;
  }

  const fields = {
    verdict: choice("verdict", "Verdict"),
    kind: choice("kind", "Kind"),
    chapter: choice("chapter", "Chapter", title),
  };
  const word = document.createElement("input");
  word.type = "search";
  labelled("word", "Word", word);
  const reset = document.createElement("button");
  reset.type = "reset";
  reset.textContent = "Show all";
  form.append(reset, told);

  function apply() {
    const text = word.value.trim().toLowerCase();
    const active = text || Object.values(fields).some((field) => field.value);
    let count = 0;
    rows.forEach(function (row) {
      const fits =
        Object.keys(fields).every(
          (name) => !fields[name].value || row.dataset[name] === fields[name].value
        ) && row.textContent.toLowerCase().includes(text);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    const left = (place) => place.querySelector("tr[data-verdict]:not([hidden])") !== null;
    board.querySelectorAll("section, .board-table").forEach(function (place) {
      place.hidden = !left(place);
    });
    folds.forEach(function (fold) {
      fold.hidden = !left(fold);
      fold.open = Boolean(active) && !fold.hidden;
    });
    told.textContent = active ? count + " of " + rows.length + " claims" : "";
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => window.setTimeout(apply, 0));
  board.before(form);
  apply();
});
