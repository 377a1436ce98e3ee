// Tiles that are selected: how many, all of them, none. What a tile is replaced by stays selected.
"use strict";
(() => {
  const SELECTED_MAX = 100;
  const bar = document.getElementById("selected"), results = document.getElementById("results");
  if (!bar || !results) return;
  const counted = bar.querySelector("output"), kept = new Set();
  const picks = () => [...results.querySelectorAll(".pick")];

  const count = () => {
    const chosen = picks().filter((pick) => pick.checked);
    kept.clear();
    for (const pick of chosen) kept.add(pick.value);
    const tooMany = chosen.length > SELECTED_MAX;
    const said = (tooMany ? counted.dataset.tooMany : counted.dataset.counted).replace("#", chosen.length);
    if (counted.textContent !== said) counted.textContent = said;
    bar.querySelector("[data-compare]").hidden = chosen.length !== 2;
    for (const button of bar.querySelectorAll("[data-deed]")) button.disabled = tooMany;
  };
  const clear = () => {
    const hadFocus = bar.contains(document.activeElement), first = picks().find((pick) => pick.checked);
    for (const pick of picks()) pick.checked = false;
    count();
    if (hadFocus) first?.focus();
  };

  results.addEventListener("change", count);
  bar.querySelector("[data-select-none]").addEventListener("click", clear);
  bar.querySelector("[data-select-all]").addEventListener("click", () => {
    picks().forEach((pick, place) => { pick.checked = place < SELECTED_MAX; });
    count();
  });
  document.addEventListener("keydown", (key) => {
    if (key.key === "Escape" && kept.size && !document.querySelector("dialog[open], details.menu[open]") && !key.target.closest?.("#notes")) clear();
  });
  new MutationObserver(() => {
    for (const pick of picks()) if (kept.has(pick.value)) pick.checked = true;
    count();
  }).observe(results, { childList: true, subtree: true });
  window.addEventListener("pageshow", count);
})();
