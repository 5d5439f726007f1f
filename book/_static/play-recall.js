// Recall a lag: the best kernel found, and what heads and bits buy.
tapxPlay.define("recall", (data) => {
  const FORMATS = [
    ["53", "53 bits (float64)"], ["24", "24 bits (float32)"], ["8", "8 bits (bfloat16)"],
    ["53 in 24", "made for 53, stored in 24"],
  ];
  const LOW = -8, HIGH = 4; // powers of ten
  const most = data.families.lin.formats["53"][0].length;
  const heads = (count) => `${count} ${count === 1 ? "head" : "heads"}`;

  function draw(state, panels) {
    const family = data.families[state.family], place = data.lags.indexOf(state.lag);
    const needed = family.needed[place];
    const rows = FORMATS.map(([key]) => family.formats[key][place]);
    const shown = family.formats[state.format][place][state.heads - 1];
    const first = state.family === "lin" ? 0 : 1;
    const points = shown.values.map((value, i) => [first + i, value]);
    const values = shown.values;
    tapxPlay.chart(panels[0], {
      title: "Kernel", x: [0, 24, "lag (tokens)"],
      y: [Math.min(-0.25, ...values), Math.max(1.25, ...values), "weight"],
      series: [{ name: "kernel", kind: "stems", points }],
    });
    const power = (error) => Math.min(HIGH, Math.max(LOW, Math.log10(Number(error))));
    const here = [[state.heads, power(shown.error)]];
    tapxPlay.chart(panels[1], {
      title: `Lag ${state.lag}: error by heads`, x: [1, most, "heads, at most"],
      y: [LOW, HIGH, "error, at most"], log: true,
      series: [
        ...rows.map((row, i) => ({ name: FORMATS[i][0] + (i < 3 ? " bits" : ""),
          points: row.map((one, count) => [count + 1, power(one.error)]) })),
        { points: [[needed, LOW], [needed, HIGH]] }, { kind: "points", points: here },
      ],
    });
    if (state.heads < needed) {
      return `Lag ${state.lag} with ${heads(state.heads)}: nothing is better than no head. `
        + `It takes ${heads(needed)}, and the line in the chart on errors stands there.`;
    }
    const words = FORMATS.find(([key]) => key === state.format)[1];
    const made = `Lag ${state.lag}, at most ${heads(state.heads)}, ${words}: `;
    if (!shown.heads) {
      return `${made}the search finds none that promises more than no head.`;
    }
    return `${made}${heads(shown.heads)}, error at most ${shown.error}, largest weight `
      + `${shown.weight}.${Number(shown.error) < 1 ? "" : " No head at all promises as much."}`;
  }

  return {
    controls: [
      { name: "family", label: "Heads are",
        options: [["lin", "exponentials (lin)"], ["log", "powers (log)"]] },
      { name: "lag", label: "Lag", range: [data.lags[0], data.lags.at(-1)],
        value: data.lags.at(-1) - 1 },
      { name: "heads", label: "Heads, at most", range: [1, most], value: Math.min(8, most) },
      { name: "format", label: "Weights", options: FORMATS },
    ],
    panels: 2,
    draw,
  };
});
