// Charts, drawn from the tables beside them: bars whose parts add up. Without this script a picture of the same bars
// stands there.
"use strict";
(() => {
  const HEIGHT = 220, LABEL_ROOM = 64;
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const colour = (element, property) => getComputedStyle(element)[property];

  const read = (table) => {
    // The table has the newest first, a chart the oldest.
    const rows = [...table.tBodies[0].rows].reverse();
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      cells: rows.map((row) => [...row.cells].slice(1).map((cell) => ({ text: cell.textContent.trim(), value: Number(cell.dataset.value) }))),
    };
  };

  const draw = (chart) => {
    const { labels, cells } = read(document.getElementById(chart.dataset.chart));
    const plot = chart.querySelector(".plot"), keys = [...chart.querySelectorAll("[data-key]")];
    const swatches = keys.map((key) => colour(key.querySelector(".swatch"), "backgroundColor"));
    const text = colour(plot, "color"), line = colour(plot, "borderBottomColor"), font = `12px ${colour(plot, "fontFamily")}`;
    // Each part is drawn from the ground to the top of what lies below it, the tallest first.
    const tops = keys.map((_, key) => cells.map((row) => row.slice(0, key + 1).reduce((sum, cell) => sum + cell.value, 0)));
    const bars = uPlot.paths.bars({ size: [0.72, 48] });
    const when = chart.querySelector("[data-when]"), usual = when.textContent;
    const totals = keys.map((key) => key.querySelector("data").textContent);
    const every = () => Math.max(1, Math.ceil(labels.length / Math.max(2, Math.floor(plot.clientWidth / LABEL_ROOM))));
    const shown = new uPlot({
      width: plot.clientWidth, height: HEIGHT, legend: { show: false },
      scales: { x: { time: false, range: () => [-0.5, labels.length - 0.5] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      axes: [
        { stroke: text, font, size: 28, grid: { show: false }, ticks: { show: false }, splits: () => labels.map((_, at) => at).filter((at) => (labels.length - 1 - at) % every() === 0), values: (_, splits) => splits.map((at) => labels[at]) },
        { stroke: text, font, size: 48, grid: { stroke: line, width: 1 }, ticks: { show: false }, incrs: [1, 2, 5, 10, 20, 25, 50].flatMap((step) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((times) => step * times)).sort((a, b) => a - b), values: (_, splits) => splits.map((value) => numbers.format(value)) },
      ],
      series: [{}, ...tops.map((_, key) => ({ fill: swatches[key], width: 0, paths: bars, points: { show: false } })).reverse()],
      hooks: { setCursor: [(self) => {
        const at = self.cursor.idx ?? null;
        when.textContent = at === null ? usual : labels[at];
        keys.forEach((key, number) => { key.querySelector("data").textContent = at === null ? totals[number] : cells[at][number].text; });
      }] },
    }, [labels.map((_, at) => at), ...tops.reverse()], plot);
    plot.querySelector("svg")?.setAttribute("hidden", "");
    return shown;
  };

  for (const chart of document.querySelectorAll("[data-chart]")) {
    const plot = chart.querySelector(".plot");
    let shown = draw(chart);
    new ResizeObserver(() => shown.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);
    // Its colours are those of the page, which may follow the system.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { shown.destroy(); shown = draw(chart); });
  }
})();
