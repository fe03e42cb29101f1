// The list of rows, which search and filters shorten: every mark of the map, for the keyboard too.
const LISTED = 60;

const listRows = (facts, state) => {
  const found = matching(facts, state.shown, state.query);
  // In the order of the data the row of just this name comes before those that have it in theirs, as 5 before 15.
  const wanted = state.query.trim().toLowerCase();
  const other = (i) => Number(wanted !== "" && facts.rows.names[i].trim().toLowerCase() !== wanted);
  state.list = [...found].sort(state.order === "data" ? (a, b) => other(a) - other(b) || a - b : ORDERS[state.order](facts.rows));
  const some = state.list.slice(0, LISTED);
  const word = facts.reading.row_word;
  const rest = state.list.length > some.length ? `; the first ${some.length} are listed` : "";
  // Who looks for a row has to know why it is not there.
  const all = wanted === "" ? found : matching(facts, facts.rows.names.map((_, i) => i), state.query);
  const hidden = all.length > found.length ? ` The filters hide ${all.length - found.length} more.` : "";
  const absent = wanted !== "" && facts.source.n_shown < facts.source.n_rows ? ` Not all ${word}s of the data are in this page.` : "";
  byId("found").textContent = `${plural(state.list.length, word)} found${rest}.${hidden}${absent}`;
  byId("results").replaceChildren(...some.map((row) => {
    const sure = make("span", { class: "figure" }, make("span", { class: "hidden" }, "certainty "), certainty(facts.rows.probabilities[row]));
    return make("li", {}, make("button", { type: "button", class: "row", "data-row": String(row) }, make("span", {}, nameElement(rowName(facts, row), 36)), sure));
  }));
};

const countRows = (facts, state) => {
  const all = facts.rows.names.length;
  byId("map-count").textContent = `${state.shown.length.toLocaleString("en")} of ${plural(all, facts.reading.row_word)}${facts.source.n_shown < facts.source.n_rows ? ` (of ${facts.source.n_rows.toLocaleString("en")} in the data)` : ""}`;
};

// The row before or after the chosen one in the list, round and round.
const neighbor = (state, step) => {
  const { list, row } = state;
  if (list.length === 0) return null;
  const at = list.indexOf(row);
  if (at < 0) return step > 0 ? list[0] : list.at(-1);
  return list[(at + step + list.length) % list.length];
};

const markCurrent = (row) => {
  for (const button of document.querySelectorAll("button.row")) {
    if (Number(button.dataset.row) === row) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
};

// A row's address: its name, or its place where the name is not its own.
const addressOf = (facts, row, rank) => {
  const { names } = facts.rows;
  const own = names.indexOf(names[row]) === row && names.lastIndexOf(names[row]) === row && names[row].length < 200;
  const address = new URLSearchParams(own ? { row: names[row] } : { at: String(row) });
  if (rank !== null) address.set("against", facts.clusters[facts.rows.rivals[row * facts.rows.rivals.across + rank]].name);
  return `#${address}`;
};

const addressed = (facts, hash) => {
  const address = new URLSearchParams(hash.slice(1));
  const { names, rivals } = facts.rows;
  let row = null;
  if (address.has("row")) row = names.indexOf(address.get("row"));
  else if (/^\d+$/.test(address.get("at") ?? "")) row = Number(address.get("at"));
  if (row === null || row < 0 || row >= names.length) return null;
  const some = Array.from(rivals.subarray(row * rivals.across, (row + 1) * rivals.across));
  const rank = address.has("against") ? some.findIndex((k) => facts.clusters[k].name === address.get("against")) : -1;
  return { row, rank: rank < 0 ? null : rank };
};
