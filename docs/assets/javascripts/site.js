// Light, dark, or as the system has it. Material's own switch styles the whole page four
// times whenever it opens; this one reads and keeps the choice where that one does.
{
  const options = [...document.getElementsByName("__palette")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = __md_get("__palette")?.index ?? 0;

  const show = () => {
    const { mdColorScheme } = options[chosen || (dark.matches ? 2 : 1)].dataset;
    document.body.dataset.mdColorScheme = mdColorScheme;
    const root = mdColorScheme === "slate" ? "dark" : "";
    document.documentElement.style.colorScheme = root; // of the window's scrollbar
    for (const [index, option] of options.entries()) {
      option.checked = index === chosen;
      option.nextElementSibling.hidden = index !== chosen; // the label of the next one
    }
  };
  for (const [index, option] of options.entries()) {
    option.addEventListener("change", () => {
      chosen = index;
      const { mdColorMedia: media, mdColorScheme: scheme } = option.dataset;
      __md_set("__palette", { index, color: { media, scheme } });
      show();
    });
    option.addEventListener("keydown", ({ key }) => {
      if (key !== "Enter") return;
      const next = options[(index + 1) % options.length];
      next.click();
      next.focus();
    });
  }
  dark.addEventListener("change", show);
  show();
}

// Material gives a program its copy button, in a <nav>, when it is first seen. Unnamed
// landmarks only crowd the list that a screen reader makes of a page.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])"))
    nav.role = "none";
}).observe(document.querySelector(".md-content"), { childList: true, subtree: true });

// A framework that is chosen in one place is chosen everywhere, and on the next page.
// Material's own links find tabs by the text they show, and what is folded, or too far
// away to have been drawn, shows none.
{
  const labels = [...document.querySelectorAll(".tabbed-labels > label")];
  let following = false;

  const choose = (name) => {
    following = true;
    for (const label of labels) {
      const input = document.getElementById(label.htmlFor);
      if (label.textContent.trim() === name && !input.checked) input.click();
    }
    following = false;
  };
  document.addEventListener("change", ({ target }) => {
    if (following || !target.matches(".tabbed-set > input")) return;
    const { top } = target.parentElement.getBoundingClientRect();
    const name = labels.find((label) => label.htmlFor === target.id).textContent.trim();
    choose(name);
    __md_set("__tabs", [name]);
    const moved = target.parentElement.getBoundingClientRect().top - top;
    scrollBy({ top: moved, behavior: "instant" }); // what was clicked stays in place
  });
  const [chosen] = __md_get("__tabs") ?? [];
  if (chosen) choose(chosen);
}

// The contents show where the reader is. Material's own way asks for the place of every
// heading, so that all sections have to be drawn when a page opens.
{
  const spy = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const hash = `#${target.firstElementChild.id}`; // twice: a phone has its own menu
      for (const link of document.querySelectorAll(`.md-nav--secondary [href="${hash}"]`))
        link.classList.toggle("md-nav__link--active", isIntersecting);
    }
  }, { rootMargin: "-25% 0% -75% 0%" }); // a line across the window: one section at most
  for (const part of document.querySelectorAll(".part")) spy.observe(part);
}

// A table that scrolls must be reachable by keyboard; one that does not, need not be.
const scrolling = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
const watch = (selector) => {
  for (const box of document.querySelectorAll(selector)) scrolling.observe(box);
};
watch(".md-typeset table:not([class])");

// Material's script, for search, copying, tooltips and the menu of versions, is sent for
// when the reader moves: a page opens sooner without, and can be read. A key that was
// pressed before it came, as "/" for the search, is pressed again.
const { next } = document.currentScript.dataset; // sitetools.theme says where it is
if (next) {
  const script = document.createElement("script");
  const { version } = JSON.parse(document.getElementById("__config").textContent);
  const signs = ["pointermove", "pointerdown", "scroll", "focusin", "keydown"];

  const send = (sign) => {
    for (const name of signs) removeEventListener(name, send);
    script.addEventListener("load", () => {
      document$.next(document); // it waits for a page that is being loaded
      watch(".md-typeset__scrollwrap"); // around tables
      if (sign?.type === "keydown")
        sign.target.dispatchEvent(new KeyboardEvent("keydown", sign));
    });
    script.src = next;
    document.body.append(script);
  };
  if (version || location.search || location.hash) send();
  else for (const name of signs) addEventListener(name, send, { passive: true });
}
