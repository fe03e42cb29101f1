// Colors and marks, out of the style sheet, so that light, dark and print have one source.
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star", "hexagon2"];

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const colorOf = (position, noise) => css(noise ? "--cn" : `--c${position % 8}`);

const markOf = (position) => (position + Math.floor(position / 8)) % 8;

const symbolOf = (position, noise) => (noise ? "x" : SYMBOLS[markOf(position)]);

// Bars in colors, some of them striped: the difference is there in grey, too.
const striped = (colors, which) => ({
  color: colors,
  pattern: { shape: which.map((on) => (on ? "/" : "")), size: 6, solidity: 0.55 },
});

const clusterElement = (facts, position, length = 48) => {
  const cluster = facts.clusters[position];
  const swatch = document.createElementNS(SVG, "svg");
  swatch.setAttribute("class", `mark ${cluster.noise ? "noise" : `k${position % 8}`}`);
  swatch.setAttribute("viewBox", "0 0 16 16");
  swatch.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", cluster.noise ? "#mark-noise" : `#mark${markOf(position)}`);
  swatch.append(use);
  return make("span", { class: "marked" }, swatch, nameElement(clusterLabel(cluster), length));
};
