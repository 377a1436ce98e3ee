// Tiles that are selected: how many, all of them, none. What a tile is replaced by stays selected.
"use strict";
(() => {
  const SELECTED_MAX = 100;
  const bar = document.getElementById("selected"), results = document.getElementById("results");
  if (!bar || !results) return;
  const BEFORE = "tintype.selected", LOOKED = ["/library/compare", "/library/selected"];
  const counted = bar.querySelector("output"), kept = new Set();
  const picks = () => [...results.querySelectorAll(".pick")];

  const count = () => {
    const chosen = picks().filter((pick) => pick.checked);
    kept.clear();
    for (const pick of chosen) kept.add(pick.value);
    const tooMany = chosen.length > SELECTED_MAX;
    const { counted: some, most, tooMany: more } = counted.dataset;
    const said = (tooMany ? more : chosen.length === SELECTED_MAX ? most : some).replace("#", chosen.length);
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

  // Whoever only looked, or thought better of it, comes back to what they had selected; what was done is said by a note.
  const again = () => {
    const before = JSON.parse(sessionStorage.getItem(BEFORE) ?? "[]"), [way] = performance.getEntriesByType("navigation");
    sessionStorage.removeItem(BEFORE);
    const wasLooking = LOOKED.includes(document.referrer && new URL(document.referrer).pathname);
    const isDone = new URLSearchParams(location.search).has("note");
    if (way?.type !== "back_forward" && (isDone || !wasLooking)) return;
    const chosen = picks().filter((pick) => before.includes(pick.value));
    if (chosen.length === before.length) for (const pick of chosen) pick.checked = true;
  };
  bar.addEventListener("submit", () => sessionStorage.setItem(BEFORE, JSON.stringify([...kept])));

  // The bar stands before all tiles: by the keyboard one key leads to it, however many there are.
  results.addEventListener("keydown", (key) => {
    if (key.key !== "Enter" || !key.target.matches(".pick")) return;
    key.preventDefault();
    if (kept.size) bar.querySelector("button:not([disabled], [hidden])")?.focus();
  });
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
  again();
  count();
})();
