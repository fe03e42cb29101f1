// Why a row is where it is: the panel beside the map.
const rowName = (facts, row) => facts.rows.names[row].trim() || UNNAMED;

// All lines of one answer, as the chart, the table and the announcement show them.
const linesOf = (facts, row, answer) => {
  const lines = answer.features
    .map((feature, i) => ({ feature, name: facts.features[feature].name, value: valueText(facts, feature, row), evidence: answer.relevance[i] }))
    // A sparse row may have fewer features than there is room for: the rest of the room is 0.
    .filter((line, i) => line.evidence !== 0 || (answer.features.indexOf(line.feature) === i && line.value !== "0" && line.value !== ""));
  if (facts.source.n_features > answer.features.length) lines.push({ feature: null, name: `all other ${facts.reading.feature_word}s`, value: "", evidence: answer.others });
  for (const [name, evidence] of answer.further) lines.push({ feature: null, name, value: "", evidence });
  const texts = compared([...lines.map((line) => line.evidence), answer.logit]);
  lines.forEach((line, i) => { line.text = texts[i]; });
  return { lines, sum: texts.at(-1) };
};

const answerFigure = (facts, row, rank) => () => {
  const { lines, sum } = linesOf(facts, row, answerOf(facts, row, rank));
  const width = byId("row-chart").clientWidth;
  const narrow = width < 420;
  const places = lines.map((_, i) => i);
  const label = (line) => {
    const name = plotText(line.name, narrow ? 16 : 24);
    return line.value ? `${name}${narrow ? "<br>" : " "}= ${plotText(line.value, 16)}` : name;
  };
  const labels = lines.map(label);
  const colors = lines.map((line) => css(line.evidence >= 0 ? "--for" : "--against"));
  const low = Math.min(0, ...lines.map((line) => line.evidence));
  const high = Math.max(0, ...lines.map((line) => line.evidence)) || (low < 0 ? 0 : 1);
  // Beside the bars there is room for their numbers, and left of them for the names.
  const widest = (texts) => Math.max(0, ...texts.map(textWidth));
  const before = low < 0 ? widest(lines.filter((line) => line.evidence < 0).map((line) => line.text)) + 10 : 4;
  const after = widest(lines.filter((line) => line.evidence >= 0).map((line) => line.text)) + 10;
  const room = width - widest(labels.flatMap((text) => text.split("<br>"))) - 24 - before - after;
  const unit = (high - low) / Math.max(room, 40);
  return {
    data: [{
      type: "bar", orientation: "h", y: places, x: lines.map((line) => line.evidence), hoverinfo: "none",
      marker: striped(colors, lines.map((line) => line.evidence < 0)),
      text: lines.map((line) => line.text), textposition: "outside", textfont: { color: css("--ink") }, cliponaxis: false,
    }],
    layout: {
      height: (narrow ? 38 : 30) * lines.length + 54,
      margin: { l: 8, r: 8, t: 4, b: 46 },
      xaxis: axis({ range: [low - before * unit, high + after * unit], title: { text: "against ← evidence → for", font: { size: 12, color: css("--soft") } }, nticks: 5 }),
      yaxis: axis({ tickvals: places, ticktext: labels, autorange: "reversed", automargin: true, showgrid: false, ticklen: 0, zeroline: false }),
    },
    label: `Bars of evidence, ${sum} in all; the table below has the same numbers.`,
  };
};

const fillTable = (facts, row, answer) => {
  const { lines, sum } = linesOf(facts, row, answer);
  const cells = (line) => [
    make("th", { scope: "row" }, line.feature === null ? make("span", {}, line.name) : nameElement(line.name, 60)),
    make("td", { class: "figure" }, line.value ? nameElement(line.value, 40) : ""),
    make("td", { class: `figure ${line.evidence < 0 ? "against" : "for"}` }, line.text),
  ];
  byId("row-table").tBodies[0].replaceChildren(...lines.map((line) => make("tr", {}, ...cells(line))));
  byId("row-table").tFoot.replaceChildren(
    make("tr", {}, make("th", { scope: "row", colspan: "2" }, "Sum: the evidence"), make("td", { class: "figure", id: "row-logit" }, sum)),
  );
};

const fillRivals = (facts, row, rank) => {
  const { rivals, against } = facts.rows;
  const options = [make("option", { value: "" }, "in any other cluster")];
  const logits = Array.from(against.logits.subarray(row * rivals.across, (row + 1) * rivals.across));
  const texts = compared(logits);
  logits.forEach((_, i) => {
    const rival = facts.clusters[rivals[row * rivals.across + i]];
    options.push(make("option", { value: String(i) }, `in ${shortened(clusterLabel(rival), 40)} (${texts[i]})`));
  });
  byId("rival").replaceChildren(...options);
  byId("rival").value = rank === null ? "" : String(rank);
};

const leadOf = (facts, row, rank, answer) => {
  const { rows } = facts;
  const lead = byId("panel-lead");
  const rival = rank === null ? rows.nearest[row] : rows.rivals[row * rows.rivals.across + rank];
  const [logit] = compared([answer.logit]);
  lead.replaceChildren("In ", clusterElement(facts, rows.clusters[row]), `, certainty ${certainty(rows.probabilities[row])}. `);
  if (rows.targets[row] !== rows.clusters[row]) lead.append("Explained for ", clusterElement(facts, rows.targets[row]), ". ");
  // For another cluster than its own, the evidence is against its own.
  const all = rank === null && rows.targets[row] === rows.clusters[row];
  lead.append(all ? `Evidence ${logit} against all other clusters; the nearest is ` : `Evidence ${logit} against `, clusterElement(facts, rival), ".");
  if (rows.texts.length) lead.append(make("q", { dir: "auto", class: "text" }, rows.texts[row]));
};

// For those who can't see it happen.
const announce = (facts, row, rank, answer) => {
  const { lines, sum } = linesOf(facts, row, answer);
  const best = lines.slice(0, 3).map((line) => `${shortened(line.name, 60)} ${line.text}`).join(", ");
  const where = clusterLabel(facts.clusters[facts.rows.clusters[row]]);
  const rival = rank === null ? "" : ` rather than ${shortened(clusterLabel(facts.clusters[facts.rows.rivals[row * facts.rows.rivals.across + rank]]), 60)}`;
  byId("announcer").textContent =
    `${facts.reading.row_word} ${shortened(rowName(facts, row), 60)}: ${shortened(where, 60)}${rival}, certainty ${certainty(facts.rows.probabilities[row])}, evidence ${sum}. ${best}.`;
};

const showAnswer = (facts, row, rank) => {
  const answer = answerOf(facts, row, rank);
  byId("panel-hint").hidden = true;
  byId("panel-body").hidden = false;
  byId("panel-title").replaceChildren(`Why is ${facts.reading.row_word} `, nameElement(rowName(facts, row), 60), " here?");
  byId("row-caption").textContent = `What each ${facts.reading.feature_word} speaks for (+) or against (−), in ${facts.reading.unit}`;
  leadOf(facts, row, rank, answer);
  fillRivals(facts, row, rank);
  fillTable(facts, row, answer);
  announce(facts, row, rank, answer);
  return draw("row-chart", answerFigure(facts, row, rank));
};
