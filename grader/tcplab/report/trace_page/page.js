"use strict";
(() => {
  const steps = [...document.querySelectorAll("li.step")];
  const slider = document.getElementById("slider");
  const output = document.querySelector("output");
  const list = document.querySelector("ol.steps");
  if (steps.length === 0) return;

  let at = -1;
  function show(wanted, scroll = true) {
    const next = Math.min(Math.max(wanted, 0), steps.length - 1);
    if (next === at) return;
    if (at >= 0) steps[at].removeAttribute("aria-current");
    at = next;
    const step = steps[at];
    const number = step.dataset.number;
    step.setAttribute("aria-current", "step");
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", "step " + number);
    output.textContent = "step " + number + " of " + steps[steps.length - 1].dataset.number;
    for (const button of document.querySelectorAll("button[data-go]")) {
      const end = ["first", "back"].includes(button.dataset.go) ? 0 : steps.length - 1;
      button.setAttribute("aria-disabled", String(at === end));
    }
    if (!scroll) return;
    if (location.hash !== "#step=" + number) {
      history.replaceState(null, "", "#step=" + number);
    }
    step.scrollIntoView({ block: "nearest" });
  }

  const moves = {
    first: () => show(0),
    back: () => show(at - 1),
    on: () => show(at + 1),
    last: () => show(steps.length - 1),
  };
  const keys = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last" };

  function fromAddress() {
    const found = /^#step=(\d+)$/.exec(decodeURIComponent(location.hash));
    return found ? steps.findIndex((step) => step.dataset.number === found[1]) : -1;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!(event.key in keys)) return;
    event.preventDefault();
    moves[keys[event.key]]();
  });
  document.querySelector(".controls").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-go]");
    if (button) moves[button.dataset.go]();
  });
  slider.addEventListener("input", () => show(Number(slider.value)));
  list.addEventListener("click", (event) => {
    const step = event.target.closest("li.step");
    if (step && !event.target.closest(".state") && getSelection().isCollapsed) {
      show(steps.indexOf(step));
    }
  });
  addEventListener("hashchange", () => {
    const wanted = fromAddress();
    if (wanted >= 0) show(wanted);
  });

  document.documentElement.classList.add("js");
  document.querySelector(".controls").hidden = false;
  const wanted = fromAddress();
  const first = steps.findIndex((step) => step.dataset.number === list.dataset.first);
  show(wanted >= 0 ? wanted : Math.max(first, 0), wanted >= 0);
  // Who opens the page of a failure wants to see that step; what is above it says the same in words.
  if (wanted < 0 && steps[at].classList.contains("failed")) {
    steps[at].scrollIntoView({ block: "nearest" });
    if (steps[at].getBoundingClientRect().height > innerHeight / 2) {
      steps[at].scrollIntoView({ block: "start" });
    }
  }
})();
