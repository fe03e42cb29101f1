// The map: every shown row that the filters let through is a mark.
const hasWebGl = () => {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
};

// SVG is sharper and needs no WebGL, but slow with many marks. The same limit is in page.py, for the policy.
const MANY_ROWS = 2000;

const mapRange = (values) => {
  const finite = Array.from(values).filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const margin = 0.05 * (high - low) || 1;
  return [low - margin, high + margin];
};

const mapView = (facts) => {
  const { places, names } = facts.rows;
  const x = new Float64Array(names.length);
  const y = new Float64Array(names.length);
  for (let i = 0; i < names.length; i += 1) [x[i], y[i]] = [places[2 * i], places[2 * i + 1]];
  const whole = { x: mapRange(x), y: mapRange(y) };
  return { x, y, whole, range: whole, type: names.length > MANY_ROWS && hasWebGl() ? "scattergl" : "scatter" };
};

// The chosen row: a ring in a ring of the ground's color, which marks around it don't hide. Shapes can be
// moved without drawing the marks again.
const ringOf = ({ row }, view) => {
  if (row === null) return [];
  const ring = { type: "circle", xsizemode: "pixel", ysizemode: "pixel", xanchor: view.x[row], yanchor: view.y[row], x0: -10, x1: 10, y0: -10, y1: 10 };
  return [{ ...ring, line: { width: 8, color: css("--paper") } }, { ...ring, line: { width: 3, color: css("--ink") } }];
};

const moveRing = (state, view) => {
  if (byId("map-chart").layout) window.Plotly.relayout("map-chart", { shapes: ringOf(state, view) });
};

const mapFigure = (facts, state, view) => () => {
  const { shown } = state;
  const labels = facts.rows.clusters;
  const noises = facts.clusters.map((cluster) => cluster.noise);
  const colors = noises.map((noise, k) => colorOf(k, noise));
  const symbols = noises.map((noise, k) => symbolOf(k, noise));
  const many = shown.length > MANY_ROWS;
  const marks = {
    type: view.type, mode: "markers", hoverinfo: "none",
    x: shown.map((i) => view.x[i]), y: shown.map((i) => view.y[i]),
    marker: {
      color: shown.map((i) => colors[labels[i]]), symbol: shown.map((i) => symbols[labels[i]]),
      size: many ? 6 : 9, opacity: many ? 0.75 : 0.85, line: { width: many ? 0 : 0.6, color: css("--outline") },
    },
  };
  const coarse = matchMedia("(pointer: coarse)").matches;
  const [across, up] = facts.rows.axes;
  return {
    data: [marks],
    layout: {
      height: matchMedia("print").matches ? 420 : undefined,
      margin: { l: 58, r: 12, t: 12, b: 58 },
      shapes: ringOf(state, view),
      // A finger that moves over the map scrolls the page.
      dragmode: coarse ? false : "zoom",
      xaxis: axis({ range: view.range.x, fixedrange: coarse, zeroline: false, title: { text: plotText(across, 60), font: { color: css("--soft") } } }),
      yaxis: axis({ range: view.range.y, fixedrange: coarse, zeroline: false, title: { text: plotText(up, 60), font: { color: css("--soft") } } }),
    },
    label: `Map of ${plural(shown.length, facts.reading.row_word)}: ${across} to the right, ${up} upwards. The list below reaches the same ${facts.reading.row_word}s.`,
  };
};

const fillTip = (facts, row) => {
  const { rows } = facts;
  const answer = answerOf(facts, row, null);
  const { lines } = linesOf(facts, row, answer);
  const items = lines.slice(0, 3).map((line) => make("p", {}, nameElement(line.name, 40), line.value ? " = " : "", line.value ? nameElement(line.value, 24) : "", `: ${line.text}`));
  byId("tip").replaceChildren(
    make("p", { class: "title" }, nameElement(rowName(facts, row), 60)),
    make("p", {}, clusterElement(facts, rows.clusters[row]), `, certainty ${certainty(rows.probabilities[row])}`),
    ...items,
  );
};

const moveTip = (event) => {
  const tip = byId("tip");
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, document.documentElement.clientWidth - width - 8))}px`;
  tip.style.top = `${event.clientY + 18 + height > window.innerHeight ? Math.max(4, event.clientY - height - 14) : event.clientY + 18}px`;
};

const hideTip = () => { byId("tip").hidden = true; };

const zoomed = (view, factor) => {
  const around = ([low, high]) => {
    const middle = (low + high) / 2;
    return [middle + factor * (low - middle), middle + factor * (high - middle)];
  };
  return { x: around(view.range.x), y: around(view.range.y) };
};

// Calls `choose(row)` when a mark is clicked.
const startMap = async (facts, state, view, choose) => {
  const chart = byId("map-chart");
  const redraw = () => draw("map-chart", mapFigure(facts, state, view));
  const zoom = (range) => {
    view.range = range;
    return redraw();
  };
  byId("zoom-in").addEventListener("click", () => zoom(zoomed(view, 0.6)));
  byId("zoom-out").addEventListener("click", () => zoom(zoomed(view, 1 / 0.6)));
  byId("zoom-reset").addEventListener("click", () => zoom(view.whole));
  await redraw();
  chart.on("plotly_click", ({ points }) => choose(state.shown[points[0].pointNumber]));
  chart.on("plotly_hover", ({ points, event }) => {
    fillTip(facts, state.shown[points[0].pointNumber]);
    moveTip(event);
  });
  chart.on("plotly_unhover", hideTip);
  chart.on("plotly_relayout", () => {
    const { xaxis, yaxis } = chart.layout;
    view.range = { x: [...xaxis.range], y: [...yaxis.range] };
  });
  chart.on("plotly_doubleclick", () => { zoom(view.whole); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
  window.addEventListener("scroll", hideTip, { passive: true });
};
