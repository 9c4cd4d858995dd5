// Material puts each copy button into a <nav>; unnamed landmarks only crowd the list
// that a screen reader makes of a page.
document$.subscribe(() => {
  for (const nav of document.querySelectorAll(".md-code__nav")) nav.role = "none";
});

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
