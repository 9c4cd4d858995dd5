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
