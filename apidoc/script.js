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
  for (const each of [menu, theme, input.parentElement]) each.hidden = false;

  // What the reader chose is kept, where the browser lets pages from disk keep anything.
  const kept = (key) => { try { return localStorage.getItem(`apidoc-${key}`); } catch { return null; } };
  const keep = (key, value) => { try { localStorage.setItem(`apidoc-${key}`, value); } catch { /* for this visit only */ } };

  // Dark and light.
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const nameTheme = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  };
  const chosen = kept("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  nameTheme();
  prefersDark.addEventListener("change", nameTheme);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep("theme", root.dataset.theme);
    nameTheme();
  });

  // Contents on a phone.
  const showMenu = (open) => {
    nav.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu.addEventListener("click", () => showMenu(!nav.classList.contains("open")));
  nav.addEventListener("click", (event) => { if (event.target.closest("a")) showMenu(false); });

  // In which form calls are shown, the same on the whole page; and copying.
  const forms = ["python", "curl", "storpool_req"];
  const names = { python: "Python", curl: "curl", storpool_req: "storpool_req" };
  const button = (text, label) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    return made;
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
    const made = copy.cloneNode(true);
    made.setAttribute("aria-label", `Copy ${title}`);
    caption.append(made);
  }
  const pick = (form) => {
    root.dataset.line = form;
    for (const each of document.querySelectorAll(".pick button")) {
      each.setAttribute("aria-pressed", String(each.value === form));
    }
  };
  pick(forms.includes(kept("line")) ? kept("line") : "python");

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
      keep("line", pressed.value);
      // The reader's eye, and the focus, stay where they were.
      const again = lines.querySelector(`.${pressed.value} .pick button[value="${pressed.value}"]`);
      again.focus({ preventScroll: true });
      scrollBy(0, again.getBoundingClientRect().top - before);
    } else if (pressed?.className === "copy") {
      await copied(pressed.closest("figure").querySelector("code").textContent);
      pressed.textContent = said.textContent = "Copied";
      setTimeout(() => { pressed.textContent = "Copy"; said.textContent = ""; }, 1500);
    }
  });

  // Links open what they name, and the contents show where one is.
  const byHash = new Map([...nav.querySelectorAll("a")].map((each) => [each.getAttribute("href").slice(1), each]));
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
    try { id = decodeURIComponent(id); } catch { /* taken as it is */ }
    if (!id) return null;
    const exact = document.getElementById(id);
    if (exact) return exact;
    // Links written by hand: another case, or the name of a field or a call alone.
    const low = id.toLowerCase();
    return [...document.querySelectorAll("main [id]")].find((each) => each.id.toLowerCase() === low) ?? null;
  };
  const open = () => {
    const target = named();
    if (!target) return;
    for (let each = target.parentElement; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    const entry = target.closest(".entry, .area > h2") ?? target;
    showMenu(false);
    mark(entry.id);
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const each of entries) each.isIntersecting ? seen.add(each.target) : seen.delete(each.target);
    let top = null;
    for (const each of seen) if (!top || each.compareDocumentPosition(top) & Node.DOCUMENT_POSITION_FOLLOWING) top = each;
    if (top) mark(top.id);
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const each of document.querySelectorAll(".entry, .area > h2")) watcher.observe(each);

  // Search: every call, type and field of the page, gathered when the reader first looks for something.
  let index = null;
  const gather = () => {
    index = [];
    const add = (kind, name, about, href) =>
      index.push({ kind, name, about, href, low: name.toLowerCase(), all: `${name} ${about} ${kind}`.toLowerCase() });
    for (const each of document.querySelectorAll(".area > h2")) add("area", each.textContent, "", each.id);
    for (const each of document.querySelectorAll(".call")) {
      const [name, title, line] = [".name b", "h3", ".line code"].map((one) => each.querySelector(one).textContent);
      add("call", name, `${title.replace(/#$/, "")} · ${line}`, each.id);
    }
    for (const each of document.querySelectorAll(".object, .scalar")) {
      const name = each.querySelector("h3").firstChild.textContent;
      add(each.querySelector(".kind").textContent, name, each.querySelector(".text > p")?.textContent ?? "", each.id);
    }
    for (const each of document.querySelectorAll(".object tr[id]")) {
      add("field", each.id, each.querySelector("td > p:nth-child(2)")?.textContent ?? "", each.id);
    }
  };
  const order = { area: 1, call: 0, object: 2, type: 2, union: 2, field: 3 };
  const rank = (entry, words) => {
    let sum = 0;
    for (const word of words) {
      // Of a field the last part of its name counts; its class is matched as well.
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
    if (!index) gather();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const found = index
      .map((entry) => ({ entry, rank: rank(entry, words), more: 0 }))
      .filter((each) => each.rank >= 0)
      .sort((a, b) => a.rank - b.rank);
    // A field that many classes inherit is found once.
    const alike = new Map();
    const shown = [];
    for (const each of found) {
      const { kind, name, about } = each.entry;
      const key = kind === "field" ? `${name.slice(name.indexOf(".") + 1)} ${about}` : name + kind;
      if (alike.has(key)) alike.get(key).more += 1;
      else if (shown.push(each)) alike.set(key, each);
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
      const [name, kind, about] = ["b", "i", "small"].map((each) => document.createElement(each));
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
      line.textContent = `Nothing is called or described so: ${input.value}`;
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
  input.addEventListener("focus", () => { if (input.value) show(); else if (!index) gather(); });
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

  // On paper everything is open.
  addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("main details")) each.open = true; });
})();
