// The page, once its HTML is there: first what needs no charts, then the charts.
const certaintyFigure = (facts) => () => {
  const { edges, counts, threshold } = facts.certainty;
  const places = counts.map((_, i) => (edges[i] + edges[i + 1]) / 2);
  const doubtful = places.map((place) => place < threshold);
  const word = facts.reading.row_word;
  return {
    data: [{
      type: "bar", x: places, y: counts, width: counts.map((_, i) => edges[i + 1] - edges[i]), hoverinfo: "text",
      hovertext: counts.map((count, i) => `${number(edges[i])} to ${number(edges[i + 1])}: ${plural(count, word)}`),
      marker: { ...striped(doubtful.map((doubt) => css(doubt ? "--doubt" : "--bar")), doubtful), line: { width: 1, color: css("--paper") } },
    }],
    layout: {
      xaxis: axis({ title: { text: "certainty (striped: borderline)", font: { color: css("--soft") } }, range: [edges[0], edges.at(-1)] }),
      yaxis: axis({ title: { text: `${word}s`, font: { color: css("--soft") } }, rangemode: "tozero" }),
    },
    label: `Histogram of ${word}s by certainty, from ${number(edges[0])} to ${number(edges.at(-1))}. ${facts.certainty.text}`,
  };
};

const startCopying = (facts) => {
  for (const button of document.querySelectorAll("button.copy")) {
    const command = facts.commands[Number(button.dataset.command)][1];
    button.addEventListener("click", async () => {
      const copied = navigator.clipboard ? await navigator.clipboard.writeText(command).then(() => true, () => false) : false;
      // Files are no secure place to some browsers: then the text is selected, to be copied by hand.
      if (!copied) getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      button.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2500);
    });
  }
};

const run = async () => {
  document.documentElement.classList.add("scripting");
  const facts = readFacts(await unpacked("packed-facts"));
  const state = { row: null, rank: null, shown: [], list: [], query: "", order: "data" };
  const view = mapView(facts);
  const drawMap = () => draw("map-chart", mapFigure(facts, state, view));

  const open = (row, rank, { focus = false } = {}) => {
    [state.row, state.rank] = [row, rank];
    showAnswer(facts, row, rank);
    markCurrent(row);
    moveRing(state, view);
    // Pages inside other pages have no address of their own.
    if (location.protocol !== "about:") history.replaceState(null, "", addressOf(facts, row, rank));
    if (focus) byId("panel-title").focus({ preventScroll: true });
    if (focus || isNarrow()) scrollTo(byId("panel"), isNarrow() ? "start" : "nearest");
  };
  const list = () => {
    listRows(facts, state);
    markCurrent(state.row);
  };
  const step = (by) => () => {
    const row = neighbor(state, by);
    if (row !== null) open(row, null);
  };
  const follow = () => {
    const there = addressed(facts, location.hash);
    if (there) open(there.row, there.rank, { focus: true });
    else if (/^#(row|at)=/.test(location.hash)) {
      byId("panel-hint").hidden = false;
      byId("panel-hint").textContent = `This page has no such ${facts.reading.row_word}.`;
    }
  };

  startFilters(facts, state, () => {
    countRows(facts, state);
    list();
    drawMap();
  });
  byId("search").addEventListener("input", (event) => { state.query = event.target.value; list(); });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && state.list.length) open(state.list[0], null, { focus: true });
  });
  byId("order").addEventListener("change", (event) => { state.order = event.target.value; list(); });
  byId("previous").addEventListener("click", step(-1));
  byId("next").addEventListener("click", step(1));
  byId("rival").addEventListener("change", (event) => open(state.row, event.target.value === "" ? null : Number(event.target.value)));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.row");
    if (button) open(Number(button.dataset.row), null, { focus: true });
  });
  window.addEventListener("hashchange", follow);
  startFeatures(facts);
  startCopying(facts);
  follow();
  document.documentElement.dataset.ready = "rows";

  // What can be used already is painted before the library takes its time.
  const painted = new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
  const [library] = await Promise.all([unpacked("packed-library"), painted]);
  loadLibrary(library);
  await startMap(facts, state, view, (row) => open(row, null));
  charts.set("certainty-chart", certaintyFigure(facts));
  for (const [id, figure] of charts) if (id !== "map-chart") await draw(id, figure);
  watchLook();
  document.documentElement.dataset.ready = "charts";
};

const missing = (text) => {
  byId("missing").textContent = text;
  byId("missing").hidden = false;
};

if (typeof DecompressionStream === "undefined") {
  missing("This browser can't unpack what the page holds, so the map, the explanations of rows and the charts are missing. Browsers from 2023 on can (Chrome 80, Firefox 113, Safari 16.4).");
} else {
  run().catch((error) => {
    missing(`Something went wrong, so parts of this page are missing: ${error.message}`);
    throw error;
  });
}
