// What scores mean, in words: the rows of the answer, the best first.

const MOST_ROWS = 5;

// No probability is told as certain because it was rounded.
function probabilityText(score) {
  const rounded = `${(100 * score).toFixed(1)} %`;
  return { "100.0 %": ">99.9 %", "0.0 %": "<0.1 %" }[rounded] ?? rounded;
}

function answerRows(scores, facts) {
  const { class_names: names, task } = facts;
  if (task.name === "numeric") {
    return [{ name: names[0], text: Number(scores[0]).toPrecision(6), chosen: true }];
  }
  const rows = names.map((name, i) => ({
    name,
    share: scores[i],
    text: probabilityText(scores[i]),
    chosen: task.name === "multi-label" && scores[i] >= task.thresholds[i],
  }));
  rows.sort((one, other) => other.share - one.share);
  if (task.name === "single-label") {
    rows[0].chosen = true;
    return rows.slice(0, MOST_ROWS);
  }
  return rows.filter((row, i) => row.chosen || i < MOST_ROWS);
}
