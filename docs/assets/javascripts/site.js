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

// Material finds tabs by the text they show, and a folded answer shows none: it would
// open on the first framework, whatever the reader has chosen.
document.addEventListener("toggle", ({ target }) => {
  const [chosen] = __md_get("__tabs") ?? [];
  for (const label of target.querySelectorAll(".tabbed-labels > label")) {
    const input = document.getElementById(label.htmlFor);
    if (label.textContent.trim() !== chosen || input.checked) continue;
    label.setAttribute("data-md-switching", ""); // as Material does: not a new choice
    input.click();
  }
}, true);

// A table that scrolls must be reachable by keyboard; one that does not, need not be.
const scrolling = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
document$.subscribe(() => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap"))
    scrolling.observe(box);
});
