/* One switch on each page: its code as written, all of it, or none.
   A classic script, so that it runs from a file too. Without it, or where a browser keeps
   nothing, every page shows its code as written. */
(function () {
  "use strict";

  var KEY = "tapx-code";
  var CHOICES = [
    ["written", "as written"],
    ["all", "all"],
    ["none", "none"],
  ];

  function remembered() {
    try {
      return window.localStorage.getItem(KEY);
    } catch (blocked) {
      return null;
    }
  }

  function remember(choice) {
    try {
      window.localStorage.setItem(KEY, choice);
    } catch (blocked) {
      /* The choice holds for this page. */
    }
  }

  function apply(article, choice) {
    article.dataset.code = choice;
    article.querySelectorAll("details.hide.above-input").forEach(function (fold) {
      fold.open = choice === "all";
    });
  }

  function addSwitch() {
    var article = document.querySelector("article.bd-article");
    var title = article && article.querySelector("h1");
    if (!title || !article.querySelector(".cell_input")) {
      return;
    }
    var group = document.createElement("fieldset");
    group.className = "code-switch";
    var legend = document.createElement("legend");
    legend.textContent = "Code shown";
    group.appendChild(legend);
    var chosen = remembered();
    CHOICES.forEach(function (choice, index) {
      var label = document.createElement("label");
      var radio = document.createElement("input");
      radio.type = "radio";
      radio.name = KEY;
      radio.value = choice[0];
      radio.checked = choice[0] === chosen || (index === 0 && !chosen);
      radio.addEventListener("change", function () {
        apply(article, choice[0]);
        remember(choice[0]);
      });
      label.appendChild(radio);
      label.appendChild(document.createTextNode(" " + choice[1]));
      group.appendChild(label);
    });
    title.insertAdjacentElement("afterend", group);
    if (chosen === "all" || chosen === "none") {
      apply(article, chosen);
    }
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", addSwitch);
  } else {
    addSwitch();
  }
})();
