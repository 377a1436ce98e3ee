// A picture that is looked at closely: by buttons, by + and - and 0 where the focus is on it, by the wheel with Ctrl or two fingers. What is
// larger than its place is scrolled, as everything is.
"use strict";
(() => {
  const STEPS = [1, 1.5, 2, 3, 4, 6, 8], TYPED = { "+": "in", "=": "in", "-": "out", 0: "fit" };
  const fitted = new WeakMap();

  const zoom = (sheet, how, at = { x: 0.5, y: 0.5 }) => {
    const print = sheet.querySelector(".print");
    const step = Number(sheet.dataset.step ?? 0);
    const next = how === "fit" ? 0 : Math.min(Math.max(step + (how === "in" ? 1 : -1), 0), STEPS.length - 1);
    if (next === step) return;
    if (step === 0) fitted.set(sheet, print.getBoundingClientRect());
    const fit = fitted.get(sheet);
    const [left, top] = [sheet.scrollLeft + at.x * fit.width, sheet.scrollTop + at.y * fit.height];
    const by = STEPS[next] / STEPS[step];
    sheet.dataset.step = next;
    sheet.toggleAttribute("data-zoomed", next > 0);
    if (next > 0) sheet.tabIndex = 0; else sheet.removeAttribute("tabindex");
    for (const [name, size] of [["width", fit.width], ["height", fit.height]]) {
      sheet.style[name] = next > 0 ? `${size}px` : "";
      print.style[name] = next > 0 ? `${size * STEPS[next]}px` : "";
    }
    sheet.scrollTo(left * by - at.x * fit.width, top * by - at.y * fit.height);
    sheet.nextElementSibling.querySelector("output").textContent = `${STEPS[next] * 100}%`;
  };

  document.addEventListener("click", (click) => {
    const button = click.target.closest("[data-zoom]");
    if (button) zoom(button.closest(".zoom").previousElementSibling, button.dataset.zoom);
  });
  document.addEventListener("keydown", (key) => {
    if (key.ctrlKey || key.metaKey || key.altKey || !(key.key in TYPED)) return;
    // Only of the picture that has the focus: a single key must do nothing for somebody who dictates (WCAG 2.1.4).
    const sheet = key.target.closest?.("figure")?.querySelector("[data-sheet]");
    if (sheet) { key.preventDefault(); zoom(sheet, TYPED[key.key]); }
  });
  document.addEventListener("wheel", (wheel) => {
    const sheet = wheel.target.closest?.("[data-sheet]");
    if (!sheet || !wheel.ctrlKey) return;
    wheel.preventDefault();
    const place = sheet.getBoundingClientRect();
    const at = { x: (wheel.clientX - place.left) / place.width, y: (wheel.clientY - place.top) / place.height };
    zoom(sheet, wheel.deltaY < 0 ? "in" : "out", at);
  }, { passive: false });
  window.addEventListener("resize", () => document.querySelectorAll("[data-zoomed]").forEach((sheet) => zoom(sheet, "fit")));
})();
