// What values a feature takes in each cluster: one line of bars per cluster.
const sharesOf = (values, cluster, bins) => {
  const counts = Array.from(values.counts.subarray(cluster * bins, (cluster + 1) * bins));
  const all = counts.reduce((a, b) => a + b, 0) + (values.missing[cluster] ?? 0);
  return { counts, shares: counts.map((count) => (all ? count / all : 0)), missing: values.missing[cluster] ?? 0 };
};

// The outermost bins have what is far away, too, and say so.
const binNames = ({ names, edges, ends }) => {
  if (names.length) return names;
  const found = edges.slice(1).map((edge, i) => `${number(edges[i])} to ${number(edge)}`);
  const [low = edges[0], high = edges.at(-1)] = ends;
  if (low < edges[0]) found[0] = `${number(low)} to ${number(edges[1])}`;
  if (high > edges.at(-1)) found[found.length - 1] = `${number(edges.at(-2))} to ${number(high)}`;
  return found;
};

const distributionFigure = (facts, feature) => () => {
  const { name, values } = facts.features[feature];
  const isNumeric = values.names.length === 0;
  const bins = isNumeric ? values.edges.length - 1 : values.names.length;
  const centers = Array.from({ length: bins }, (_, i) => (isNumeric ? (values.edges[i] + values.edges[i + 1]) / 2 : i));
  const widths = centers.map((_, i) => (isNumeric ? values.edges[i + 1] - values.edges[i] : 0.8));
  const narrow = byId("distribution").clientWidth < 520;
  const rows = facts.clusters.map((cluster, k) => ({ cluster, k, ...sharesOf(values, k, bins) }));
  const largest = Math.max(...rows.flatMap((row) => row.shares)) || 1;
  // The first cluster on top. Each has a line of its own, so that colors are not needed to tell them apart.
  const lineOf = (k) => rows.length - 1 - k;
  const data = rows.map(({ cluster, k, shares, counts }) => ({
    type: "bar", x: centers, y: shares.map((share) => (0.82 * share) / largest), base: lineOf(k), width: widths,
    marker: { color: colorOf(k, cluster.noise), line: { width: 0.5, color: css("--outline") } },
    hoverinfo: "text", hovertext: counts.map((count, i) => `${plotText(clusterLabel(cluster), 40)}<br>${plotText(binNames(values)[i], 40)}: ${plural(count, facts.reading.row_word)}, ${percent(shares[i]).replace("<", "&lt;").replace(">", "&gt;")}`),
  }));
  const categories = isNumeric ? {} : { tickvals: centers, ticktext: values.names.map((one) => plotText(one, narrow ? 10 : 20)), tickangle: bins > 6 || narrow ? -40 : 0 };
  return {
    data,
    layout: {
      barmode: "overlay", height: Math.max(180, 44 * rows.length + 90),
      margin: { l: 8, r: 12, t: 8, b: 50 },
      xaxis: axis({ zeroline: false, automargin: true, title: { text: plotText(name, narrow ? 40 : 80), font: { color: css("--soft") } }, ...categories }),
      yaxis: axis({ zeroline: false, automargin: true, range: [-0.1, rows.length], ticklen: 0, tickvals: rows.map(({ k }) => lineOf(k)), ticktext: rows.map(({ cluster }) => plotText(clusterLabel(cluster), narrow ? 16 : 28)) }),
    },
    label: `Distribution of ${shortened(name, 80)} in each cluster; the table below has the same numbers.`,
  };
};

const fillDistribution = (facts, feature) => {
  const { values } = facts.features[feature];
  const names = binNames(values);
  const columns = facts.clusters.map((_, k) => sharesOf(values, k, names.length));
  const missing = columns.some((column) => column.missing > 0);
  const head = make("tr", {}, make("th", { scope: "col" }, "Value"), ...facts.clusters.map((_, k) => make("th", { scope: "col", class: "figure" }, clusterElement(facts, k, 24))));
  const line = (name, counts) => make("tr", {}, make("th", { scope: "row" }, nameElement(name, 40)), ...counts.map((count) => make("td", { class: "figure" }, count.toLocaleString("en"))));
  const lines = names.map((name, i) => line(name, columns.map((column) => column.counts[i])));
  if (missing) lines.push(line("missing", columns.map((column) => column.missing)));
  byId("feature-table").replaceChildren(make("thead", {}, head), make("tbody", {}, ...lines));
};

const showFeature = (facts, feature) => {
  byId("feature").value = String(feature);
  byId("feature-title").replaceChildren(nameElement(facts.features[feature].name, 80), " in each cluster");
  if (byId("feature-details").open) fillDistribution(facts, feature);
  return draw("feature-chart", distributionFigure(facts, feature));
};

const startFeatures = (facts) => {
  if (!byId("distribution")) return;
  const chosen = () => Number(byId("feature").value);
  byId("feature").addEventListener("change", () => showFeature(facts, chosen()));
  byId("feature-details").addEventListener("toggle", () => fillDistribution(facts, chosen()));
  for (const button of document.querySelectorAll("button.feature")) {
    button.addEventListener("click", () => {
      showFeature(facts, Number(button.dataset.feature));
      byId("feature-title").focus({ preventScroll: true });
      scrollTo(byId("distribution"), "start");
    });
  }
  showFeature(facts, chosen());
};
