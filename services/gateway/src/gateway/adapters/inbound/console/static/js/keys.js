// What is sent, and by which keys.
"use strict";
(() => {
  // A page that the browser brings back as it was left is used anew: what it sends is another submission, under
  // another key. (One that is loaded again comes with new keys from the server.)
  window.addEventListener("pageshow", (shown) => {
    if (!shown.persisted) return;
    for (const key of document.querySelectorAll('form input[name="key"]')) {
      const random = crypto.getRandomValues(new Uint8Array(24));
      key.value = btoa(String.fromCharCode(...random)).replaceAll("+", "-").replaceAll("/", "_");
    }
  });

  document.addEventListener("keydown", (key) => {
    const form = key.target.closest?.("form[data-quick]");
    if (form && key.key === "Enter" && (key.ctrlKey || key.metaKey)) { key.preventDefault(); form.requestSubmit(); }
    if (key.key.toLowerCase() === "k" && (key.ctrlKey || key.metaKey)) {
      const palette = document.getElementById("palette");
      if (palette) { key.preventDefault(); palette.open ? palette.close() : palette.showModal(); }
    }
  });

  document.addEventListener("click", (click) => {
    const opener = click.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (click.target instanceof HTMLDialogElement) click.target.close();
    const example = click.target.closest("[data-example]");
    if (example) {
      click.preventDefault();
      const prompt = document.querySelector("[name=prompt]");
      prompt.value = example.dataset.example;
      prompt.dispatchEvent(new Event("change", { bubbles: true }));
      prompt.focus();
    }
    const copy = click.target.closest("[data-copies]");
    if (copy) {
      navigator.clipboard.writeText(document.getElementById(copy.dataset.copies).textContent.trim()).then(() => {
        document.dispatchEvent(new CustomEvent("say", { detail: "copied" }));
      });
    }
    if (click.target.closest("[data-random]")) {
      const field = document.getElementById(click.target.closest("[data-random]").dataset.random);
      field.value = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
    }
  });
})();
