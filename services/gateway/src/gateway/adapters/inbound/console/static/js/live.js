// Live parts of a page. One stream of events serves them all: a bar moves without a request, and a tile is fetched
// again only when its status has changed.
"use strict";
(() => {
  // Every other status is an end.
  const RANKS = { queued: 0, processing: 1 };
  const rank = (status) => RANKS[status] ?? 2;
  // The newest status that was told of each generation, and of which of them a tile that came late was asked for again.
  const newest = new Map(), asked = new Set();

  const catchUp = (tile) => {
    const status = newest.get(tile.dataset.generation);
    if (status === undefined || rank(status) <= rank(tile.dataset.status)) return false;
    tile.dataset.status = status;
    htmx.trigger(tile, "refresh");
    // What a day has cost is said beside its name.
    const today = document.getElementById("today");
    if (today) htmx.trigger(today, "refresh");
    return true;
  };

  document.addEventListener("generation.updated", (event) => {
    const told = JSON.parse(event.detail.data);
    if (!newest.has(told.id) || rank(told.status) > rank(newest.get(told.id))) newest.set(told.id, told.status);
    const tile = document.querySelector(`[data-generation="${CSS.escape(told.id)}"]`);
    if (!tile || catchUp(tile)) return;
    const bar = tile.querySelector("progress");
    if (bar && told.progress > bar.value) bar.value = told.progress;
  });

  // An answer that was on its way while something was told is older than that: it is asked for again, once.
  document.addEventListener("htmx:after:swap", () => {
    for (const tile of document.querySelectorAll("[data-live][data-generation]")) {
      const late = `${tile.dataset.generation} ${newest.get(tile.dataset.generation)}`;
      if (!asked.has(late) && catchUp(tile)) asked.add(late);
    }
  });

  // A menu closes when something else is meant.
  const menus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (click) => menus().forEach((menu) => menu.contains(click.target) || (menu.open = false)));
  document.addEventListener("keydown", (key) => {
    if (key.key !== "Escape") return;
    for (const menu of menus()) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // Times are shown as the person's clock has them, from the next page on.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `tintype_zone=${encodeURIComponent(zone)}; Max-Age=31536000; Path=/; SameSite=Lax`;
})();
