/* What is wider than the page scrolls by itself. An attribute says at which edge there is
   more, so that the style sheet can fade it, and the keyboard reaches the box.
   A classic script, so that it runs from a file too. Without it boxes scroll all the same. */
(function () {
  "use strict";

  var BOXES =
    ".bd-article :is(span.math, mjx-container[display], table.table, pre, .text_html, " +
    ".pst-scrollable-table-container, .output, .claims-table, .board-table, " +
    ".tapx-table, .results-map)";
  /* Those that only this script lets the keyboard reach. */
  var ours = new Set();

  function edge(box) {
    var room = box.scrollWidth - box.clientWidth;
    if (room <= 1) {
      return "";
    }
    if (box.scrollLeft <= 1) {
      return "right";
    }
    return box.scrollLeft >= room - 1 ? "left" : "both";
  }

  function mark(box) {
    var more = edge(box);
    if (more === (box.dataset.more || "")) {
      return;
    }
    if (!more) {
      delete box.dataset.more;
      if (ours.delete(box)) {
        box.removeAttribute("tabindex");
      }
      return;
    }
    box.dataset.more = more;
    if (!box.hasAttribute("tabindex")) {
      box.tabIndex = 0;
      ours.add(box);
    }
  }

  function markAll() {
    document.querySelectorAll(BOXES).forEach(mark);
  }

  window.addEventListener("load", function () {
    var set = window.MathJax && window.MathJax.startup;
    Promise.resolve(set && set.promise).then(markAll);
  });
  /* Formulas grow when their fonts arrive. */
  document.fonts.addEventListener("loadingdone", markAll);
  window.addEventListener("resize", markAll);
  /* A fold that opens, a switch that shows code. */
  document.addEventListener("toggle", markAll, true);
  document.addEventListener("change", markAll);
  document.addEventListener(
    "scroll",
    function (event) {
      if (event.target.dataset && event.target.dataset.more) {
        mark(event.target);
      }
    },
    true
  );
})();
