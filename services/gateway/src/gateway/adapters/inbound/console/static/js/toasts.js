// What a page says in passing goes away by itself: after long enough to read it, and to take back what was done. While
// it is pointed at, has the focus, or nobody looks at the page, it waits. An error stays until it is put away.
"use strict";
(() => {
  const READ_MS = 7000, WORD_MS = 300, DECIDE_MS = 10000, LEAVE_MS = 200;
  const notes = document.getElementById("notes"), known = new WeakSet();

  const leave = (note) => {
    const had = note.contains(document.activeElement);
    note.dataset.leaving = "true";
    setTimeout(() => note.remove(), LEAVE_MS);
    // Whoever put it away by the keyboard goes on with the page.
    if (had) document.getElementById("main").focus();
  };

  const welcome = (note) => {
    if (known.has(note)) return;
    known.add(note);
    if (note.getAttribute("role") === "alert") return;
    const stays = READ_MS + WORD_MS * note.textContent.trim().split(/\s+/).length + (note.querySelector("form") ? DECIDE_MS : 0);
    let timer = null;
    const wait = () => { clearTimeout(timer); timer = null; };
    const go = () => {
      wait();
      if (!document.hidden && !note.matches(":hover") && !note.contains(document.activeElement)) timer = setTimeout(() => leave(note), stays);
    };
    for (const held of ["pointerenter", "focusin"]) note.addEventListener(held, wait);
    for (const freed of ["pointerleave", "focusout"]) note.addEventListener(freed, () => setTimeout(go));
    document.addEventListener("visibilitychange", () => (document.hidden ? wait() : go()));
    go();
  };

  new MutationObserver(() => notes.querySelectorAll(".toast-note").forEach(welcome)).observe(notes, { childList: true });
  // Put there again: what stood in the page when it was opened is not read out by itself.
  for (const note of [...notes.children]) notes.append(note);

  document.addEventListener("click", (click) => {
    const note = click.target.closest("[data-put-away]")?.closest(".toast-note");
    if (note) leave(note);
  });
  notes.addEventListener("keydown", (key) => {
    const note = key.target.closest(".toast-note");
    if (note && key.key === "Escape") leave(note);
  });
  // For other scripts: what a template of that name says.
  document.addEventListener("say", (event) => notes.append(document.getElementById(event.detail).content.cloneNode(true)));
})();
