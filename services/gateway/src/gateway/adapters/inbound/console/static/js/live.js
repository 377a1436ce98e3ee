// Live parts of a page. One stream of events serves them all: a bar moves without a request, and a tile is fetched
// again only when its status has changed.
"use strict";
(() => {
  document.addEventListener("generation.updated", (event) => {
    const told = JSON.parse(event.detail.data);
    const tile = document.querySelector(`[data-generation="${CSS.escape(told.id)}"]`);
    if (!tile) return;
    if (tile.dataset.status !== told.status) {
      tile.dataset.status = told.status;
      htmx.trigger(tile, "refresh");
      // What a day has cost is said beside its name.
      const today = document.getElementById("today");
      if (today) htmx.trigger(today, "refresh");
      return;
    }
    const bar = tile.querySelector("progress");
    if (bar && told.progress > bar.value) bar.value = told.progress;
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
