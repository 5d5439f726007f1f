// A token moves the kernel: what a head adds to a lag's weight, and the sum of all heads.
tapxPlay.define("moved-kernel", (data) => {
  const family = (state) => data[state.family];
  const largest = (state) => family(state).errors.length;

  function draw(state, panels) {
    const { rates, first, values, errors, word } = family(state);
    const asked = state.dot ? state.lag : largest(state);
    const depth = (lag) => (state.family === "lin" ? lag : Math.log(lag));
    const rate = rates[state.head - 1];
    const lags = values[0].map((_, i) => first + i);
    const position = lags.map((lag) => [lag, -rate * depth(lag)]);
    const token = rate * (depth(asked) - depth(largest(state)));
    const end = lags.at(-1);
    const terms = [
      { name: "position", points: position },
      { name: "token", points: [[first, token], [end, token]] },
      { name: "sum", points: position.map(([lag, at]) => [lag, at + token]) },
    ];
    const low = Math.min(...terms.flatMap(({ points }) => points.map((one) => one[1])));
    tapxPlay.chart(panels[0], {
      title: `Head ${state.head}: exponent`, x: [0, end, "lag (tokens)"],
      y: [low, -0.1 * low, "exponent"], series: terms,
    });
    const kernel = values[asked - 1].map((value, i) => [lags[i], value]);
    tapxPlay.chart(panels[1], {
      title: `All ${rates.length} heads: kernel`, x: [0, end, "lag (tokens)"],
      y: [-0.25, 1.25, "weight"], series: [{ name: "kernel", kind: "stems", points: kernel }],
    });
    const moved = state.family === "lin" ? "slides" : "stretches";
    return state.dot
      ? `The token asks for lag ${asked}. Its term ${moved} the kernel there: `
        + `${rates.length} ${word} recall this lag with an error of at most `
        + `${errors[asked - 1]}.`
      : `Without dot products no token is heard: whatever lag it asks for, the `
        + `${rates.length} ${word} recall lag ${asked}, with an error of at most `
        + `${errors[asked - 1]}.`;
  }

  return {
    controls: [
      { name: "family", label: "Heads",
        options: [["lin", "linear (exponentials)"], ["log", "logarithmic (powers)"]] },
      { name: "lag", label: "Lag of the token", range: (state) => [1, largest(state)], value: 3 },
      { name: "head", label: "Head", range: (state) => [1, family(state).rates.length], value: 2 },
      { name: "dot", label: "Dot products", value: true },
    ],
    panels: 2,
    draw,
  };
});
