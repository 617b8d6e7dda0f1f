"use strict";
(() => {
  const LOST_MS = 13000, AGAIN_MS = 4000;
  const body = document.body, lang = document.documentElement.lang;
  const news = document.getElementById("news");
  const table = document.getElementById("nodes");
  const search = document.getElementById("search");
  const heads = [...table.tHead.rows[0].cells];
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const ago = new Intl.RelativeTimeFormat(lang, { style: "short", numeric: "always" });
  const clock = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
  const moment = new Intl.DateTimeFormat(lang, { dateStyle: "short", timeStyle: "medium" });
  const numbers = Object.fromEntries(units.map(([unit]) => [unit,
    new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: unit === "day" ? "long" : "short" })]));
  // The bot's clock need not be this machine's.
  let ahead = Number(body.dataset.now) * 1000 - Date.now();
  let heardAt = performance.now(), heardClock = Date.now(), fresh = null, source = null, again = 0;
  let sorted = 2, down = true;

  const length = (seconds) => {
    const place = units.findIndex(([, size]) => seconds >= size);
    const [unit, size] = units[place < 0 ? 3 : place];
    const text = numbers[unit].format(Math.floor(seconds / size));
    const [less, small] = units[place + 1] || [];
    return place >= 0 && place < 2 ? `${text} ${numbers[less].format(Math.floor(seconds % size / small))}` : text;
  };

  const tell = (time) => {
    const at = Number(time.dataset.at);
    const seconds = Math.max(0, (Date.now() + ahead) / 1000 - at);
    const [unit, size] = units.find(([, one]) => seconds >= one) || units[3];
    const text = time.dataset.as === "for" ? length(seconds)
      : time.dataset.as === "ago" ? ago.format(-Math.floor(seconds / size), unit) : "";
    if (!text) return;
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = moment.format(at * 1000);
  };
  const tellTimes = (part) => part.querySelectorAll("time").forEach(tell);

  // -- The table of nodes ---------------------------------------------------------------------

  const valueOf = (row) => {
    const cell = row.cells[sorted], value = cell.dataset.v ?? cell.textContent;
    return sorted > 1 ? Number(value) : value;
  };
  const sort = () => {
    const rows = [...table.tBodies[0].rows].filter((row) => row.cells.length > 1);
    rows.map((row) => [valueOf(row), row])
      .sort(([a], [b]) => (typeof a === "number" ? a - b : a.localeCompare(b, lang)) * (down ? -1 : 1))
      .forEach(([, row]) => table.tBodies[0].append(row));
    heads.forEach((head, place) => {
      if (place === sorted) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  // On a phone each row is a card, and says what its figures are.
  const label = () => {
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, place) => { cell.dataset.l = heads[place].textContent; });
    }
  };
  const filter = () => {
    const wanted = search.value.trim().toLocaleLowerCase(lang);
    for (const row of table.tBodies[0].rows) {
      row.hidden = wanted !== "" && !`${row.cells[0].textContent} ${row.cells[1]?.textContent ?? ""}`
        .toLocaleLowerCase(lang).includes(wanted);
    }
  };
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
    down = place === sorted ? !down : place === 2 || place === 4;
    sorted = place;
    sort();
  }));
  search.addEventListener("input", filter);

  // -- The bar of the day ---------------------------------------------------------------------

  const point = (event) => {
    const text = event.target.dataset?.text;
    if (text) document.querySelector("[data-detail]").textContent = text;
  };
  document.querySelector("[data-part=day]").addEventListener("pointerover", point);
  document.querySelector("[data-part=day]").addEventListener("click", point);

  // -- What the bot sends ---------------------------------------------------------------------

  const put = (event) => {
    heard();
    const part = document.querySelector(`[data-part="${event.type}"]`);
    if (!part) return;
    const atEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 20;
    const open = [...part.querySelectorAll("details[open]")].map((one) => one.dataset.keep);
    part.innerHTML = event.data;  // escaped by the bot
    open.forEach((name) => part.querySelector(`details[data-keep="${name}"]`)?.setAttribute("open", ""));
    tellTimes(part);
    if (event.type === "nodes") { label(); sort(); filter(); }
    if (event.type === "log" && atEnd) part.scrollTop = part.scrollHeight;
  };
  const show = (now) => {
    if (now === fresh) return;
    fresh = now;
    body.classList.toggle("lost", !now);
    news.textContent = now ? body.dataset.fresh
      : body.dataset.lost.replace("{since}", clock.format(heardClock));
  };
  const heard = () => {
    heardAt = performance.now();
    heardClock = Date.now();
    show(true);
  };
  const open = () => {
    clearTimeout(again);
    source?.close();
    source = new EventSource("events");
    for (const part of document.querySelectorAll("[data-part]")) {
      source.addEventListener(part.dataset.part, put);
    }
    source.addEventListener("tick", (event) => {
      ahead = Number(event.data) * 1000 - Date.now();
      heard();
    });
    source.addEventListener("error", () => {
      show(false);
      if (source.readyState === EventSource.CLOSED) {  // refused: it would not try again itself
        clearTimeout(again);
        again = setTimeout(open, AGAIN_MS);
      }
    });
  };
  setInterval(() => {
    tellTimes(document);
    if (performance.now() - heardAt > LOST_MS) {  // a bot without power does not close anything
      show(false);
      heardAt = performance.now();
      open();
    }
  }, 1000);
  document.querySelector("[data-part=log]").scrollTop = 1e6;
  label();
  sort();
  tellTimes(document);
  open();
})();
