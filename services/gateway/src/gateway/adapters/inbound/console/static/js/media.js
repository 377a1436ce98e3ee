// Pictures and films for a form: each is sent in as soon as it is chosen, dropped or pasted, and the form holds its id. Without this the
// form sends the files themselves.
"use strict";
(() => {
  const takes = (field, file) => field.querySelector("input[type=file]").accept.split(",").includes(file.type);
  const chosen = (field) => [...field.querySelectorAll(".media-chosen input:checked")];
  const complain = (field, words = "") => {
    const place = field.querySelector("[data-media-error]");
    place.textContent = words;
    place.hidden = !words;
  };
  // What is on its way: a form that is sent meanwhile waits for it.
  const coming = new Set();
  const told = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));

  const tile = (field) => {
    const item = document.createElement("li");
    const waits = document.createElement("span");
    waits.className = "plate";
    waits.textContent = field.dataset.sending;
    item.append(waits);
    field.querySelector(".media-chosen").append(item);
    return item;
  };
  const show = (field, item, upload) => {
    // A film that is as small as its thumbnail would be has none.
    const isShown = upload.thumbnail_url || upload.media_type.startsWith("image/");
    const picture = document.createElement(isShown ? "img" : "span");
    if (isShown) Object.assign(picture, { src: upload.thumbnail_url ?? upload.url, alt: "" });
    else picture.className = "plate";
    const label = document.createElement("label"), box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: field.dataset.name, value: upload.id, checked: true });
    box.setAttribute("aria-label", field.dataset.chosen);
    label.append("\u00d7", box);
    item.replaceChildren(picture, label);
  };

  const send = async (field, file) => {
    if (field.dataset.most === "1") for (const box of chosen(field)) box.closest("li").remove();
    if (field.querySelectorAll(".media-chosen li").length >= Number(field.dataset.most)) return complain(field, field.dataset.full);
    const item = tile(field);
    try {
      const answer = await fetch("/v1/uploads", {
        method: "POST",
        body: file,
        headers: { "Content-Type": file.type || "application/octet-stream", "X-CSRF-Token": field.form.elements.csrf_token.value },
      });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.detail ?? field.dataset.failed);
      show(field, item, said);
      told(field);
    } catch (failure) {
      item.remove();
      complain(field, failure instanceof TypeError || failure instanceof SyntaxError ? field.dataset.failed : failure.message);
    }
  };
  const take = (field, files) => {
    complain(field);
    for (const file of files) {
      const sending = send(field, file).finally(() => coming.delete(sending));
      coming.add(sending);
    }
  };

  document.addEventListener("submit", (submit) => {
    if (!coming.size || !submit.target.querySelector("[data-media]")) return;
    submit.preventDefault();
    submit.stopImmediatePropagation();
    Promise.allSettled([...coming]).then(() => submit.target.requestSubmit());
  }, true);
  document.addEventListener("change", (change) => {
    const field = change.target.closest?.("[data-media]");
    if (!field || change.target === field) return;
    if (change.target.type === "file") {
      take(field, [...change.target.files]);
      change.target.value = "";
    } else if (!change.target.checked) {
      change.target.closest("li").remove();
      complain(field);
      field.querySelector("input[type=file]").focus();
      told(field);
    }
  });
  const over = (drag) => {
    const drop = drag.target.closest?.("[data-media]")?.querySelector(".drop");
    for (const other of document.querySelectorAll(".drop[data-over]")) if (other !== drop) delete other.dataset.over;
    if (!drop || ![...drag.dataTransfer.types].includes("Files")) return;
    drag.preventDefault();
    drop.dataset.over = "";
  };
  document.addEventListener("dragover", over);
  document.addEventListener("dragend", over);
  document.addEventListener("drop", (drop) => {
    const field = drop.target.closest?.("[data-media]");
    if (!field || !drop.dataTransfer.files.length) return;
    drop.preventDefault();
    delete field.querySelector(".drop").dataset.over;
    take(field, [...drop.dataTransfer.files]);
  });
  document.addEventListener("paste", (paste) => {
    const pasted = [...(paste.clipboardData?.files ?? [])];
    const fields = [...document.querySelectorAll("[data-media]")].filter((each) => pasted.some((file) => takes(each, file)));
    const field = fields.find((each) => chosen(each).length < Number(each.dataset.most)) ?? fields[0];
    if (!field) return;
    paste.preventDefault();
    take(field, pasted.filter((file) => takes(field, file)));
  });
})();
