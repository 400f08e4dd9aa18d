(function () {
  "use strict";
  document.querySelectorAll(".copyable").forEach(function (line) {
    if (!navigator.clipboard) { return; }
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(line.querySelector("code").textContent).then(function () {
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 1500);
      });
    });
    line.appendChild(button);
  });
  var tools = document.querySelector(".tools");
  if (!tools) { return; }
  tools.hidden = false;
  var operator = document.getElementById("by-operator");
  var text = document.getElementById("by-text");
  var found = document.getElementById("found");
  var failures = Array.prototype.slice.call(document.querySelectorAll(".failure"));
  function filter() {
    var sought = text.value.toLowerCase();
    var shown = 0;
    failures.forEach(function (failure) {
      var fits = (!operator.value || failure.dataset.operator === operator.value) &&
        (!sought || failure.textContent.toLowerCase().indexOf(sought) >= 0);
      failure.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    found.textContent = shown === failures.length ? "" : shown + " of " + failures.length;
  }
  operator.addEventListener("change", filter);
  text.addEventListener("input", filter);
}());
