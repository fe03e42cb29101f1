// Which rows are shown: those of the chosen clusters, of such certainty, in whose name the search is.
const ORDERS = {
  data: () => (a, b) => a - b,
  doubt: ({ probabilities }) => (a, b) => probabilities[a] - probabilities[b] || a - b,
  sure: ({ probabilities }) => (a, b) => probabilities[b] - probabilities[a] || a - b,
};

const filtered = (facts, { clusters, from, to }) => {
  const { probabilities, clusters: labels } = facts.rows;
  const rows = [];
  // The ends are what the sliders show; what they are rounded from lies within.
  for (let i = 0; i < labels.length; i += 1) {
    if (clusters.has(labels[i]) && probabilities[i] >= from - 1e-6 && probabilities[i] <= to + 1e-6) rows.push(i);
  }
  return rows;
};

const matching = (facts, rows, query) => {
  const wanted = query.trim().toLowerCase();
  return wanted === "" ? rows : rows.filter((i) => facts.rows.names[i].toLowerCase().includes(wanted));
};

// Calls `changed()` when the filters let other rows through.
const startFilters = (facts, state, changed) => {
  const boxes = Array.from(byId("cluster-filter").querySelectorAll("input"));
  const [from, to] = [byId("certainty-from"), byId("certainty-to")];
  const lowest = facts.rows.probabilities.reduce((a, b) => Math.min(a, b), 0.5);
  for (const range of [from, to]) range.min = (Math.floor(lowest * 100) / 100).toFixed(2);
  from.value = from.min;
  to.value = "1";
  const read = () => {
    state.clusters = new Set(boxes.filter((box) => box.checked).map((box) => Number(box.value)));
    [state.from, state.to] = [Number(from.value), Number(to.value)];
    byId("certainty-from-value").textContent = state.from.toFixed(2);
    byId("certainty-to-value").textContent = state.to.toFixed(2);
    state.shown = filtered(facts, state);
    changed();
  };
  const check = (on) => () => {
    for (const box of boxes) box.checked = on;
    read();
  };
  byId("all-clusters").addEventListener("click", check(true));
  byId("no-cluster").addEventListener("click", check(false));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  // Of two ends that cross, the one that is moved takes the other along.
  from.addEventListener("input", () => { if (Number(from.value) > Number(to.value)) to.value = from.value; });
  to.addEventListener("input", () => { if (Number(to.value) < Number(from.value)) from.value = to.value; });
  byId("filters").addEventListener("input", read);
  read();
};
