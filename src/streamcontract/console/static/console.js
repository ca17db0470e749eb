// The script of the console: live rows, copy buttons, "/" for the search box, search in the
// catalogue. Every page shows its content without it.
"use strict";

function listen(place) {
  const rows = document.getElementById(place.dataset.into);
  const keep = Number(place.dataset.keep || 0);
  const state = document.querySelector("[data-state]");
  const dot = document.querySelector("[data-dot]");
  const toggle = document.querySelector("[data-toggle]");
  const next = document.querySelector("[data-next]");
  let source = null;
  let paused = false;

  function say(text) {
    if (state) state.textContent = text;
  }
  // What a person reads must not move: rows are a sample of a tail, and the next ones follow.
  function isRead() {
    return keep && rows.querySelector("details[open]");
  }
  function add(html) {
    if (isRead()) return;
    rows.insertAdjacentHTML(place.dataset.place === "start" ? "afterbegin" : "beforeend", html);
    while (keep && rows.children.length > keep) rows.lastChild.remove(); // white space too
  }
  function progress(data) {
    const looked = document.querySelector("[data-scanned]");
    const bar = document.querySelector("progress");
    const total = Number(looked.dataset.scanned) + data.scanned;
    looked.textContent = total.toLocaleString("en");
    if (bar) bar.value = total;
    document.querySelector("[data-found]").textContent = data.found;
  }
  function open() {
    source = new EventSource(place.dataset.stream);
    source.addEventListener("rows", (event) => add(JSON.parse(event.data).html));
    source.addEventListener("state", (event) => {
      const held = isRead() ? ". No new rows while a message is open" : "";
      say(JSON.parse(event.data).text + held);
      if (dot) dot.className = "dot on";
    });
    source.addEventListener("progress", (event) => progress(JSON.parse(event.data)));
    source.addEventListener("end", (event) => {
      close();
      say(JSON.parse(event.data).text);
      const at = JSON.parse(event.data).at;
      if (next && at) {
        const url = new URL(next.href);
        url.searchParams.set("at", at);
        next.href = url;
        next.hidden = false;
      } else if (next) {
        next.remove();
      }
      if (toggle) toggle.hidden = true;
    });
    source.addEventListener("error", () => {
      if (dot) dot.className = "dot";
      if (toggle) {
        say("The console does not answer; trying again");
      } else {
        close(); // a search that began anew would show its messages twice
        say("The console does not answer: load the page again");
        if (next) next.hidden = false;
      }
    });
  }
  function close() {
    if (source) source.close();
    source = null;
    if (dot) dot.className = "dot";
  }
  if (toggle) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      paused = !paused;
      toggle.textContent = paused ? "Resume" : "Pause";
      if (paused) {
        close();
        say(`Paused. ${state.textContent}`);
      } else {
        open();
      }
    });
  }
  if (next) {
    next.hidden = true; // where it leads is known when the search has ended
    say("Searching…");
  }
  addEventListener("pagehide", close);
  open();
}

document.querySelectorAll("[data-stream]").forEach(listen);

// Browsers give a clipboard to secure pages only: loopback, TLS and files.
if (navigator.clipboard) document.documentElement.classList.add("copies");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.nextElementSibling.textContent);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
});

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  const box = document.querySelector('[data-key="/"]');
  if (event.key === "/" && !typing && box) {
    event.preventDefault();
    box.focus();
  }
});

const sought = document.querySelector("[data-search]");
if (sought) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const find = () => {
    const words = sought.value.toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    document.querySelector("[data-count]").textContent = shown.toLocaleString("en");
    document.querySelector("[data-none]").hidden = shown > 0;
    document.querySelector("[data-all]").hidden = shown === 0;
  };
  document.querySelector("[data-search-box]").hidden = false;
  sought.addEventListener("input", find);
  addEventListener("pageshow", find); // browsers keep what was typed when a reader comes back
}
