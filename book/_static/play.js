// Figures to play with: controls, a drawing, and a sentence that says what is shown.
// A page holds the data (tapx.show.played); a script of its own says how to draw it:
//   tapxPlay.define(NAME, (data) => ({ controls, panels, draw }))
// `draw(state, panels)` draws and returns the sentence.
window.tapxPlay = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const COLOURS = ["#005B8E", "#D55E00", "#0B1F3A", "#CC79A7", "#6B1C45", "#008060"];
  const DASHES = ["", "8 3", "2 3", "9 3 2 3"]; // as in tapx.show.figures: never colour alone
  const WIDTH = 360, HEIGHT = 250, LEFT = 60, RIGHT = 12, TOP = 26, BOTTOM = 42;
  const makers = {};
  let count = 0;

  function put(parent, name, attributes = {}, text = "") {
    const svg = parent.namespaceURI === SVG || name === "svg";
    const one = svg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    if (text) one.textContent = text;
    parent.append(one);
    return one;
  }

  function ticks(low, high) {
    const rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough);
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) {
      found.push(Number((i * step).toPrecision(6)));
    }
    return found;
  }

  function decades(low, high) {
    const found = [], every = Math.ceil((high - low) / 6);
    for (let i = Math.ceil(low); i <= high; i += every) found.push(i);
    return found;
  }

  // A chart: { title, x: [low, high, label], y: the same, log: whether y holds powers of
  // ten, series: [{ name, kind: "line", "stems" or "points", points: [[x, y], ...] }] }.
  // Each series has its own colour and dashes; those with a name are told below it.
  function chart(panel, { title, x, y, log, series }) {
    panel.replaceChildren();
    const named = series.filter(({ name }) => name);
    const lines = named.length > 1 ? Math.ceil(named.length / 2) : 0;
    const box = `0 0 ${WIDTH} ${HEIGHT + 18 * lines}`;
    const svg = put(panel, "svg", { viewBox: box, "aria-hidden": "true" });
    const across = (v) => LEFT + (v - x[0]) / (x[1] - x[0]) * (WIDTH - LEFT - RIGHT);
    const up = (v) => HEIGHT - BOTTOM - (v - y[0]) / (y[1] - y[0]) * (HEIGHT - TOP - BOTTOM);
    put(svg, "text", { x: LEFT, y: 16, "font-weight": "bold" }, title);
    const frame = { stroke: "#999", fill: "none" };
    put(svg, "rect", { ...frame, x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT,
      height: HEIGHT - TOP - BOTTOM });
    for (const v of ticks(x[0], x[1])) {
      put(svg, "text", { x: across(v), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, `${v}`);
    }
    for (const v of (log ? decades : ticks)(y[0], y[1])) {
      put(svg, "text", { x: LEFT - 5, y: up(v) + 4, "text-anchor": "end" },
        (log ? `1e${v}` : `${v}`).replace("-", "\u2212"));
      put(svg, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up(v), y2: up(v), stroke: "#e4e4e4" });
    }
    put(svg, "text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, x[2]);
    put(svg, "text", { transform: `translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`,
      "text-anchor": "middle" }, y[2]);
    series.forEach(({ name, kind, points }, place) => {
      const look = { stroke: COLOURS[place], "stroke-width": 2, fill: "none",
        "stroke-dasharray": DASHES[place % DASHES.length] };
      if (kind === "stems" || kind === "points") {
        for (const [a, b] of points) {
          const foot = kind === "stems" ? up(0) : up(b);
          put(svg, "line", { ...look, x1: across(a), x2: across(a), y1: foot, y2: up(b) });
          put(svg, "circle", { cx: across(a), cy: up(b), r: 3.5, fill: COLOURS[place],
            "data-x": a, "data-y": b });
        }
      } else {
        const path = points.map(([a, b]) => `${across(a)},${up(b)}`).join(" ");
        put(svg, "polyline", { ...look, points: path });
      }
      const at = named.findIndex((one) => one.name === name);
      if (lines && at >= 0) { // below the chart, two in a line
        const left = LEFT + 150 * (at % 2), line = HEIGHT + 10 + 18 * Math.floor(at / 2);
        put(svg, "line", { ...look, x1: left, x2: left + 28, y1: line, y2: line });
        put(svg, "text", { x: left + 34, y: line + 4 }, name);
      }
    });
  }

  // { name, label, options: [[value, words], ...] } is a choice, { name, label, range:
  // [low, high], value } a slider, { name, label, value } with a truth value a tick.
  function control(parent, one, state, changed) {
    const box = put(parent, "div"), id = `play-${count += 1}`;
    put(box, "label", { for: id }, one.label);
    if (one.options) {
      const select = put(box, "select", { id, name: one.name });
      for (const [value, words] of one.options) put(select, "option", { value }, words);
      state[one.name] = one.options[0][0];
      select.addEventListener("change", () => { state[one.name] = select.value; changed(); });
      return () => {};
    }
    if (!one.range) {
      const tick = put(box, "input", { id, name: one.name, type: "checkbox" });
      tick.checked = state[one.name] = one.value;
      tick.addEventListener("change", () => { state[one.name] = tick.checked; changed(); });
      return () => {};
    }
    const slider = put(box, "input", { id, name: one.name, type: "range", step: 1 });
    const shown = put(box, "output", { for: id });
    state[one.name] = one.value;
    slider.addEventListener("input", () => { state[one.name] = Number(slider.value); changed(); });
    return () => { // the range may depend on the other controls
      const [low, high] = typeof one.range === "function" ? one.range(state) : one.range;
      state[one.name] = Math.min(Math.max(state[one.name], low), high);
      Object.assign(slider, { min: low, max: high, value: state[one.name] });
      shown.textContent = state[one.name];
    };
  }

  function build(box) {
    const data = JSON.parse(box.querySelector("script").textContent);
    const figure = document.getElementById(box.dataset.picture);
    const { controls, panels, draw } = makers[box.dataset.play](data);
    const state = {};
    const form = put(box, "fieldset", { class: "play-controls", "aria-label": "Move the figure" });
    const held = put(box, "div", { class: "play-panels" });
    const places = Array.from({ length: panels }, () => put(held, "div"));
    const said = put(box, "p", { class: "play-state", role: "status" });
    const changed = () => {
      settle.forEach((one) => one());
      said.textContent = draw(state, places);
    };
    const settle = controls.map((one) => control(form, one, state, changed));
    if (figure) {
      figure.insertBefore(box, figure.querySelector("figcaption"));
      figure.classList.add("played");
    }
    box.classList.add("ready");
    changed();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".tapx-play").forEach(build);
  });
  return { define: (name, maker) => { makers[name] = maker; }, chart };
})();
