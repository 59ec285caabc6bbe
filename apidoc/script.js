"use strict";
(() => {
  const root = document.documentElement;
  const nav = document.getElementById("contents");
  const input = document.getElementById("query");
  const results = document.getElementById("results");
  const menu = document.querySelector(".menu");
  const theme = document.querySelector(".theme");
  const said = document.getElementById("said");
  root.classList.add("scripts");
  for (const element of [menu, theme, input.parentElement]) element.hidden = false;

  // The reader's choices are stored, if the browser lets a page from disk store anything.
  const stored = (key) => { try { return localStorage.getItem(`apidoc-${key}`); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(`apidoc-${key}`, value); } catch { /* lasts for this visit only */ } };

  // Dark and light.
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const nameTheme = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  };
  const chosen = stored("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  nameTheme();
  prefersDark.addEventListener("change", nameTheme);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store("theme", root.dataset.theme);
    nameTheme();
  });

  // Contents on a phone.
  const showMenu = (open) => {
    nav.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu.addEventListener("click", () => showMenu(!nav.classList.contains("open")));
  nav.addEventListener("click", (event) => { if (event.target.closest("a")) showMenu(false); });

  // The form in which the whole page shows calls; and copying.
  const forms = ["python", "curl", "storpool_req"];
  const names = { python: "Python", curl: "curl", storpool_req: "storpool_req" };
  const button = (text, label) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = text;
    if (label) element.setAttribute("aria-label", label);
    return element;
  };
  const picker = document.createElement("div");
  picker.className = "pick";
  picker.setAttribute("role", "group");
  picker.setAttribute("aria-label", "Show the call in");
  for (const form of forms) picker.append(Object.assign(button(names[form]), { value: form }));
  const copy = button("Copy");
  copy.className = "copy";
  for (const caption of document.querySelectorAll(".code figcaption")) {
    const title = caption.textContent;
    if (caption.closest(".lines")) caption.replaceChildren(picker.cloneNode(true));
    const copyThis = copy.cloneNode(true);
    copyThis.setAttribute("aria-label", `Copy ${title}`);
    caption.append(copyThis);
  }
  const pick = (form) => {
    root.dataset.line = form;
    for (const choice of document.querySelectorAll(".pick button")) {
      choice.setAttribute("aria-pressed", String(choice.value === form));
    }
  };
  pick(forms.includes(stored("line")) ? stored("line") : "python");

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  document.addEventListener("click", async (event) => {
    const pressed = event.target.closest("button");
    if (pressed?.parentElement.className === "pick") {
      const before = pressed.getBoundingClientRect().top;
      const lines = pressed.closest(".lines");
      pick(pressed.value);
      store("line", pressed.value);
      // The scroll position and the focus stay where they were.
      const again = lines.querySelector(`.${pressed.value} .pick button[value="${pressed.value}"]`);
      again.focus({ preventScroll: true });
      scrollBy(0, again.getBoundingClientRect().top - before);
    } else if (pressed?.className === "copy") {
      await copied(pressed.closest("figure").querySelector("code").textContent);
      pressed.textContent = said.textContent = "Copied";
      setTimeout(() => { pressed.textContent = "Copy"; said.textContent = ""; }, 1500);
    }
  });

  // Links open their targets, and the contents show the current place.
  const byHash = new Map([...nav.querySelectorAll("a")].map((link) => [link.getAttribute("href").slice(1), link]));
  let current;
  const mark = (id) => {
    const link = byHash.get(id);
    if (!link || link === current) return;
    current?.removeAttribute("aria-current");
    current = link;
    link.setAttribute("aria-current", "true");
    const group = link.closest("details");
    if (group && !group.open) group.open = true;
    if (nav.scrollHeight > nav.clientHeight) {
      const place = link.getBoundingClientRect(), frame = nav.getBoundingClientRect();
      if (place.top < frame.top || place.bottom > frame.bottom) nav.scrollTop += place.top - frame.top - frame.height / 3;
    }
  };
  const named = () => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* use it as it is */ }
    if (!id) return null;
    const exact = document.getElementById(id);
    if (exact) return exact;
    // Links written by hand may differ in case.
    const low = id.toLowerCase();
    return [...document.querySelectorAll("main [id]")].find((element) => element.id.toLowerCase() === low) ?? null;
  };
  const open = () => {
    const target = named();
    if (!target) return;
    for (let outer = target.parentElement; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
    const entry = target.closest(".entry, .area > h2") ?? target;
    showMenu(false);
    mark(entry.id);
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  const visible = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target);
    let top = null;
    for (const element of visible) if (!top || element.compareDocumentPosition(top) & Node.DOCUMENT_POSITION_FOLLOWING) top = element;
    if (top) mark(top.id);
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const element of document.querySelectorAll(".entry, .area > h2")) watcher.observe(element);

  // Search: an index of every call, type and field of the page, made at the first search.
  let index = null;
  const makeIndex = () => {
    index = [];
    const add = (kind, name, about, href) =>
      index.push({ kind, name, about, href, low: name.toLowerCase(), all: `${name} ${about} ${kind}`.toLowerCase() });
    for (const heading of document.querySelectorAll(".area > h2")) add("area", heading.textContent, "", heading.id);
    for (const call of document.querySelectorAll(".call")) {
      const [name, title, line] = [".name b", "h3", ".line code"].map((selector) => call.querySelector(selector).textContent);
      add("call", name, `${title.replace(/#$/, "")} · ${line}`, call.id);
    }
    for (const type of document.querySelectorAll(".object, .scalar")) {
      const name = type.querySelector("h3").firstChild.textContent;
      add(type.querySelector(".kind").textContent, name, type.querySelector(".text > p")?.textContent ?? "", type.id);
    }
    for (const field of document.querySelectorAll(".object tr[id]")) {
      add("field", field.id, field.querySelector("td > p:nth-child(2)")?.textContent ?? "", field.id);
    }
  };
  const order = { area: 1, call: 0, object: 2, type: 2, union: 2, field: 3 };
  const rank = (entry, words) => {
    let sum = 0;
    for (const word of words) {
      // The name of a field counts most; the name of its class is matched, too.
      const name = entry.kind === "field" ? entry.low.slice(entry.low.indexOf(".") + 1) : entry.low;
      const at = name.indexOf(word);
      if (name === word || entry.low === word) sum += 0;
      else if (at === 0) sum += 2;
      else if (at > 0) sum += 4;
      else if (entry.low.includes(word)) sum += 5;
      else if (entry.all.includes(word)) sum += 9;
      else return -1;
    }
    return sum * 4 + order[entry.kind] + entry.low.length / 100;
  };
  const find = (text) => {
    if (!index) makeIndex();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const found = index
      .map((entry) => ({ entry, rank: rank(entry, words), more: 0 }))
      .filter((match) => match.rank >= 0)
      .sort((a, b) => a.rank - b.rank);
    // A field that several classes inherit is listed once.
    const alike = new Map();
    const shown = [];
    for (const match of found) {
      const { kind, name, about } = match.entry;
      const key = kind === "field" ? `${name.slice(name.indexOf(".") + 1)} ${about}` : name + kind;
      if (alike.has(key)) alike.get(key).more += 1;
      else if (shown.push(match)) alike.set(key, match);
    }
    return shown.slice(0, 50);
  };
  let at = -1;
  const select = (position) => {
    const options = results.querySelectorAll("[role=option]");
    options[at]?.setAttribute("aria-selected", "false");
    at = options.length ? (position + options.length) % options.length : -1;
    options[at]?.setAttribute("aria-selected", "true");
    options[at]?.scrollIntoView({ block: "nearest" });
    if (at >= 0) input.setAttribute("aria-activedescendant", options[at].id);
    else input.removeAttribute("aria-activedescendant");
  };
  const hide = () => {
    results.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    const found = find(input.value);
    if (!found) return hide();
    results.replaceChildren(...found.map(({ entry, more }, position) => {
      const line = document.createElement("li");
      line.id = `found-${position}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.dataset.href = entry.href;
      const [name, kind, about] = ["b", "i", "small"].map((tag) => document.createElement(tag));
      name.textContent = entry.name;
      kind.textContent = more ? `field, also in ${more} more` : entry.kind;
      about.textContent = entry.about;
      line.append(name, kind, about);
      return line;
    }));
    if (!found.length) {
      const line = document.createElement("li");
      line.className = "none";
      line.setAttribute("role", "option");
      line.setAttribute("aria-disabled", "true");
      line.textContent = `Nothing found for "${input.value}"`;
      results.append(line);
    }
    results.hidden = false;
    results.scrollTop = 0;
    input.setAttribute("aria-expanded", "true");
    at = -1;
    select(0);
  };
  const go = (line) => {
    if (!line?.dataset.href) return;
    hide();
    input.value = "";
    const id = line.dataset.href;
    if (location.hash.slice(1) === encodeURIComponent(id)) open();
    else location.hash = encodeURIComponent(id);
    const target = document.getElementById(id);
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", () => { if (input.value) show(); else if (!index) makeIndex(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") select(at + 1);
    else if (event.key === "ArrowUp") select(at - 1);
    else if (event.key === "Enter") go(results.querySelectorAll("li")[at]);
    else if (event.key === "Escape") {
      if (results.hidden) { input.value = ""; input.blur(); }
      hide();
    } else return;
    event.preventDefault();
  });
  results.addEventListener("mousedown", (event) => { event.preventDefault(); });
  results.addEventListener("click", (event) => { go(event.target.closest("li")); });
  input.addEventListener("blur", hide);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (slash || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      showMenu(false);
      input.focus();
      input.select();
    } else if (event.key === "Escape") showMenu(false);
  });

  // Print with everything open.
  addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("main details")) details.open = true; });
})();
