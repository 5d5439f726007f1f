// A term's definition, for who points at its link or reaches it by keyboard. Without
// scripts the link's title remains, which a mouse shows.
document.addEventListener("DOMContentLoaded", () => {
  const note = document.createElement("div");
  note.id = "term-note";
  note.setAttribute("role", "tooltip");
  note.hidden = true;
  document.body.append(note);

  const hide = () => { note.hidden = true; };
  const show = (link) => {
    note.textContent = link.dataset.definition;
    note.hidden = false;
    const place = link.getBoundingClientRect();
    const room = document.documentElement.clientWidth - note.offsetWidth - 8;
    note.style.left = `${Math.max(8, Math.min(place.left, room))}px`;
    const below = place.bottom + 6 + note.offsetHeight < window.innerHeight;
    const top = below ? place.bottom + 6 : place.top - note.offsetHeight - 6;
    note.style.top = `${top}px`;
  };

  for (const link of document.querySelectorAll("a.defined[title]")) {
    link.dataset.definition = link.title;
    link.removeAttribute("title"); // or the browser would show it a second time
    link.setAttribute("aria-describedby", note.id);
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("mouseleave", hide);
    link.addEventListener("blur", hide);
  }
  document.addEventListener("keydown", (press) => {
    if (press.key === "Escape") hide();
  });
  window.addEventListener("scroll", hide, { passive: true });
});
