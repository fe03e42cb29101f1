// Plotly, unpacked when the page is up; and charts that are drawn again when the colors change.
const charts = new Map();

// The width of A4 between margins. Browsers lay out for paper only after they have asked what to draw.
const PAPER = { width: 660 };

const loadLibrary = (bytes) => {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(bytes);
  document.head.append(script);
  if (!window.Plotly) throw new Error("Plotly did not load");
};

const baseLayout = () => ({
  font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: css("--ink") },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  margin: { l: 52, r: 12, t: 8, b: 48 },
  showlegend: false,
  hovermode: "closest",
  hoverlabel: { bgcolor: css("--paper"), bordercolor: css("--strong-line"), font: { color: css("--ink") } },
});

// Raised exponents would need styles in the text, which the policy forbids.
const axis = (more = {}) => ({
  exponentformat: "e", minexponent: 6,
  gridcolor: css("--grid"), zerolinecolor: css("--strong-line"), linecolor: css("--strong-line"), fixedrange: true, ...more,
});

// How wide a text of a chart is, in pixels.
const ruler = document.createElement("canvas").getContext("2d");

const textWidth = (text) => {
  ruler.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
};

// `figure()` gives { data, layout, label }; it is asked again whenever the chart has to look otherwise.
const draw = async (id, figure) => {
  charts.set(id, figure);
  if (!window.Plotly) return;
  const { data, layout, label } = figure();
  const target = byId(id);
  if (!target.classList.contains("js-plotly-plot")) target.replaceChildren();
  target.setAttribute("role", "img");
  target.setAttribute("aria-label", label);
  const size = matchMedia("print").matches ? PAPER : {};
  await window.Plotly.react(target, data, { ...baseLayout(), ...size, ...layout }, { displayModeBar: false, responsive: true, showTips: false });
};

const redrawAll = async () => {
  for (const [id, figure] of charts) await draw(id, figure);
};

// On paper: light colors come from the style sheet, and the width is the paper's.
const watchLook = () => {
  window.addEventListener("beforeprint", () => { for (const more of document.querySelectorAll("details.more")) more.open = true; });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  matchMedia("print").addEventListener("change", redrawAll);
};
