// The kinds of chart, each an SVG drawn for the width it is given: line panels, effect matrices, dots with intervals,
// bars. None of them knows what the numbers are about.

const kRedrawStep = 2;   // px of width below which a redraw would change nothing visible
const charts = [];       // { host, label, draw, width }: redrawn when their width changes
const hidden = new Set();   // keys of the series that the reader switched off
let clips = 0;

// Registers a chart; `draw(svg, width)` returns its height, or [width, height] when it must be wider than its host.
function addChart(host, label, draw) {
  charts.push({ host, label, draw, width: 0 });
  return host;
}

function drawCharts() {
  hideTip();
  charts.forEach((chart) => {
    const width = Math.floor(chart.host.clientWidth) || 320;
    if (Math.abs(width - chart.width) < kRedrawStep) return;
    chart.width = width;
    chart.host.textContent = '';
    const svg = d3.select(chart.host).append('svg').attr({ class: 'chart', role: 'img', 'aria-label': chart.label });
    const size = [].concat(chart.draw(svg, width));
    const [drawn, height] = size.length > 1 ? size : [width, size[0]];
    svg.attr({ viewBox: '0 0 ' + drawn + ' ' + height, width: drawn, height });
    // Paper is narrower than a screen: a chart may shrink with its host, unless it scrolls inside it.
    svg.style(drawn > width ? { 'max-width': 'none' } : { width: '100%', height: 'auto' });
  });
  applyHidden();
}

function applyHidden() {
  document.querySelectorAll('[data-series]').forEach((node) => {
    node.classList.toggle('off', hidden.has(node.getAttribute('data-series')));
  });
  document.querySelectorAll('[data-toggle]').forEach((node) => {
    node.setAttribute('aria-pressed', String(!hidden.has(node.getAttribute('data-toggle'))));
  });
}

// Keys: [{ key, name, color, dash, points }]. A press hides or shows the series on the whole page.
function legend(keys) {
  return element('div', { class: 'legend', role: 'group', 'aria-label': 'Show or hide conditions' }, keys.map((key) => {
    const button = element('button', { type: 'button', 'data-toggle': key.key, 'aria-pressed': 'true' },
      swatch(key), element('span', {}, key.name));
    button.addEventListener('click', () => {
      if (!hidden.delete(key.key)) hidden.add(key.key);
      applyHidden();
    });
    return button;
  }));
}

function swatch(key) {
  const holder = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  const svg = d3.select(holder).append('svg').attr({ width: 24, height: 10, viewBox: '0 0 24 10' });
  svg.append('line').attr({ x1: 0, x2: 24, y1: 5, y2: 5, class: 'line', 'stroke-dasharray': key.dash || null })
    .style('stroke', key.color);
  if (key.points) svg.append('circle').attr({ cx: 12, cy: 5, r: 3 }).style('fill', key.color);
  return holder;
}

// ---- tooltip ----

function showTip(rows, title) {
  const tip = document.getElementById('tip');
  tip.textContent = '';
  tip.append(element('strong', {}, title));
  rows.forEach((row) => {
    const line = element('div', { class: 'tip-row' }, row.name ? element('span', {}, row.name) : null,
      element('span', { class: 'tip-value' }, row.value));
    if (row.color) line.prepend(element('i', { style: 'background:' + row.color }));
    tip.append(line);
  });
  tip.hidden = false;
  const event = d3.event;
  const [margin, finger] = [8, event.pointerType === 'touch' ? 28 : 14];
  const box = tip.getBoundingClientRect();
  const right = event.clientX + finger;
  const left = right + box.width + margin > window.innerWidth ? event.clientX - finger - box.width : right;
  const top = event.clientY - box.height - finger;
  const room = document.documentElement.clientWidth - box.width - margin;
  tip.style.left = Math.max(margin, Math.min(room, left)) + 'px';
  tip.style.top = Math.max(margin, top < margin ? event.clientY + finger : top) + 'px';
}

function hideTip() {
  document.getElementById('tip').hidden = true;
  document.querySelectorAll('.guide').forEach((node) => node.setAttribute('visibility', 'hidden'));
}

// A finger leaves when it lifts, so a tapped tooltip stays until the next tap elsewhere.
function hoverable(selection, show) {
  selection.classed('hot', true)
    .on('pointerenter', show).on('pointermove', show).on('pointerdown', show)
    .on('pointerleave', () => { if (d3.event.pointerType !== 'touch') hideTip(); });
}

// ---- shared parts ----

function paddedDomain(values, padding) {
  const [low, high] = d3.extent(values.filter(isNumber));
  if (low === undefined) return [0, 1];
  const margin = (high - low) * padding || Math.abs(high) * 0.1 || 0.5;
  return [low - margin, high + margin];
}

// A label is given as one text or as several from long to short; the first that fits is drawn.
function fittingLabel(label, width) {
  const candidates = [].concat(label);
  return candidates.find((text) => text.length * 6 <= width) || candidates[candidates.length - 1];
}

function tickText(scale, ticks) {
  const plain = scale.tickFormat(ticks);
  return (value) => plain(value).replace('-', '−');
}

// Ticks: about how many, or the values themselves.
function axisBottom(svg, scale, height, ticks, label, bounds) {
  const axis = d3.svg.axis().scale(scale).orient('bottom').tickSize(4, 0);
  if (Array.isArray(ticks)) axis.tickValues(ticks).tickFormat((value) => String(value));
  else axis.ticks(ticks).tickFormat(tickText(scale, ticks));
  svg.append('g').attr({ class: 'axis', transform: 'translate(0,' + height + ')' }).call(axis);
  svg.append('text').attr({ class: 'axis-label', x: (bounds[0] + bounds[1]) / 2, y: height + 31, 'text-anchor': 'middle' })
    .text(fittingLabel(label, bounds[1] - bounds[0] + 20));
}

function axisLeft(svg, scale, left, right, ticks, label) {
  const axis = d3.svg.axis().scale(scale).orient('left').ticks(ticks).tickFormat(tickText(scale, ticks)).tickSize(left - right, 0).tickPadding(5);
  svg.append('g').attr({ class: 'axis grid', transform: 'translate(' + left + ',0)' }).call(axis);
  svg.append('text').attr({ class: 'axis-label', x: 2, y: 11 }).text(fittingLabel(label, right));
}

// ---- line panel ----

// spec: { label, series: [{ key, name, color, dash, points, data: [{x, mean, low, high}] }], xLabel, yLabel, xDomain, yDomain, height,
//         log: whether x is logarithmic, tipTitle(x), and what may stand behind the lines:
//         marks: [{ at, name, dash }] at values of x, shades: [{ from, to, name }] over ranges of x, levels: [y] }
function linePanel(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const frame = { left: 44, right: width - 10, top: 24, bottom: spec.height - 38 };
    const every = d3.merge(spec.series.map((one) => one.data));
    const x = (spec.log ? d3.scale.log() : d3.scale.linear())
      .domain(spec.xDomain || d3.extent(every, (point) => point.x)).range([frame.left, frame.right]);
    const y = d3.scale.linear().domain(spec.yDomain).range([frame.bottom, frame.top]);
    drawShades(svg, spec.shades || [], x, frame);
    axisLeft(svg, y, frame.left, frame.right, spec.height > 180 ? 5 : 4, spec.yLabel);
    const count = Math.max(3, Math.floor(width / 70));
    axisBottom(svg, x, frame.bottom, spec.log ? logTicks(x.domain(), count) : count, spec.xLabel, [frame.left, frame.right]);
    (spec.levels || []).forEach((level) => {
      svg.append('line').attr({ class: 'neutral', x1: frame.left, x2: frame.right, y1: y(level), y2: y(level) });
    });
    drawMarks(svg, spec.marks || [], x, frame);
    const clip = 'clip-' + (clips += 1);
    svg.append('clipPath').attr('id', clip).append('rect').attr({ x: frame.left, y: frame.top - 3,
      width: frame.right - frame.left, height: frame.bottom - frame.top + 6 });
    const area = svg.append('g').attr('clip-path', 'url(#' + clip + ')');
    // Bands first, so that no band covers another condition's line.
    spec.series.forEach((one) => drawBand(area, one, x, y));
    // The reference goes over the conditions that follow it, so that what leaves it stands out; people lie on top.
    const onTop = (one) => (one.points ? 2 : one.reference ? 1 : 0);
    spec.series.slice().sort((a, b) => onTop(a) - onTop(b)).forEach((one) => drawLine(area, one, x, y));
    drawGuide(svg, spec, x, y, frame);
    return spec.height;
  });
}

// Powers of ten, with 3 of each where there is room.
function logTicks(domain, count) {
  const decades = d3.range(Math.floor(Math.log10(domain[0])), Math.ceil(Math.log10(domain[1])) + 1);
  const at = (factors) => d3.merge(decades.map((k) => factors.map((factor) => Number(factor + 'e' + k))))
    .filter((value) => value >= domain[0] && value <= domain[1]);
  const both = at([1, 3]);
  const fine = at([1, 2, 5]);
  return [fine, both].find((ticks) => ticks.length <= count) || at([1]);
}

function drawShades(svg, shades, x, frame) {
  shades.forEach((shade) => {
    svg.append('rect').attr({ class: 'shade', x: x(shade.from), width: x(shade.to) - x(shade.from), y: frame.top,
      height: frame.bottom - frame.top });
    svg.append('text').attr({ class: 'mark-name', x: (x(shade.from) + x(shade.to)) / 2, y: frame.top + 9, 'text-anchor': 'middle' }).text(shade.name);
  });
}

// Names stand outside of two marks, and towards the wider side of one.
function drawMarks(svg, marks, x, frame) {
  const [least, most] = x.domain();
  const drawn = marks.filter((mark) => mark.at > least && mark.at < most).sort((a, b) => a.at - b.at);
  drawn.forEach((mark, i) => {
    svg.append('line').attr({ class: 'change', x1: x(mark.at), x2: x(mark.at), y1: frame.top, y2: frame.bottom,
      'stroke-dasharray': mark.dash || null });
    if (!mark.name) return;
    const left = drawn.length > 1 ? i === 0 : x(mark.at) > (frame.left + frame.right) / 2 + 1;
    svg.append('text').attr({ class: 'mark-name', x: x(mark.at) + (left ? -3 : 3), y: frame.top - 3,
      'text-anchor': left ? 'end' : 'start' }).text(mark.name);
  });
}

function drawBand(parent, one, x, y) {
  const drawable = (point) => point.mean !== null;
  if (!one.data.some((point) => drawable(point) && point.low < point.high)) return;
  const band = d3.svg.area().defined(drawable).x((point) => x(point.x))
    .y0((point) => y(point.low)).y1((point) => y(point.high));
  parent.append('path').attr({ class: 'band', 'data-series': one.key, d: band(one.data) }).style('fill', one.color);
}

function drawLine(parent, one, x, y) {
  const good = one.data.filter((point) => point.mean !== null);
  if (!good.length) return;
  const group = parent.append('g').attr('data-series', one.key);
  const path = d3.svg.line().defined((point) => point.mean !== null).x((point) => x(point.x)).y((point) => y(point.mean));
  group.append('path').attr({ class: 'line', d: path(one.data), 'stroke-dasharray': one.dash || null })
    .style('stroke', one.color);
  if (!one.points && good.length > 1) return;
  group.selectAll('circle').data(good).enter().append('circle')
    .attr({ r: 2.4, cx: (point) => x(point.x), cy: (point) => y(point.mean) }).style('fill', one.color);
}

function drawGuide(svg, spec, x, y, frame) {
  const at = unique(d3.merge(spec.series.map((one) => one.data.map((point) => point.x)))).sort((a, b) => a - b);
  if (!at.length) return;
  const guide = svg.append('line').attr({ class: 'guide', y1: frame.top, y2: frame.bottom, visibility: 'hidden' });
  const target = svg.append('rect').attr({ class: 'target', x: frame.left, y: frame.top,
    width: frame.right - frame.left, height: frame.bottom - frame.top });
  hoverable(target, () => {
    const nearest = at[nearestIndex(at.map((value) => x(value)), d3.mouse(svg.node())[0])];
    guide.attr({ x1: x(nearest), x2: x(nearest), visibility: 'visible' });
    const rows = spec.series.filter((one) => !hidden.has(one.key)).map((one) => {
      const point = one.data.find((candidate) => candidate.x === nearest);
      if (!point || point.mean === null) return null;
      return { name: one.name, color: one.color,
               value: formatEstimate({ value: point.mean, low: point.low, high: point.high }) };
    });
    showTip(rows.filter(Boolean), spec.tipTitle(nearest));
  });
}

function nearestIndex(sorted, wanted) {
  const right = d3.bisectLeft(sorted, wanted);
  if (right === 0) return 0;
  if (right === sorted.length) return right - 1;
  return wanted - sorted[right - 1] < sorted[right] - wanted ? right - 1 : right;
}

// ---- effect matrix ----

const kFullEffect = 2;   // effects at least this strong get the full color

// spec: { label, columns: [{ name, hint }], rows: [{ name, cells: [{ value, ratio, strength, mark, tip, reference }] }] }
// Drawn as given where it fits, turned on its side on narrow screens, and scrolled where neither fits.
function effectMatrix(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const upright = { rows: spec.rows.map((row) => ({ name: row.name })), columns: spec.columns,
                      at: (r, c) => spec.rows[r].cells[c], least: 74 };
    const turned = { rows: spec.columns, columns: spec.rows.map((row) => ({ name: row.name })),
                     at: (r, c) => spec.rows[c].cells[r], least: 50 };
    const labelWidth = (layout) => Math.min(width > 600 ? 180 : 98, 12 + 6.6 * d3.max(layout.rows, (row) => row.name.length));
    const fits = (layout) => (width - labelWidth(layout)) / layout.columns.length >= layout.least;
    const layout = fits(upright) || spec.rows.length < 2 || !(fits(turned) || turned.columns.length < upright.columns.length)
      ? upright : turned;
    return drawMatrix(svg, layout, Math.max(width, labelWidth(layout) + layout.columns.length * layout.least),
                      labelWidth(layout));
  });
}

function drawMatrix(svg, layout, width, left) {
  const cellWidth = Math.min(150, (width - left) / layout.columns.length);
  const cellHeight = 42;
  const headings = layout.columns.map((column) => wrapText(column.name, Math.floor((cellWidth - 6) / 6.4)));
  const top = 10 + 14 * d3.max(headings, (lines) => lines.length) + (layout.columns.some((column) => column.hint) ? 13 : 0);
  layout.columns.forEach((column, c) => {
    const lines = headings[c].map((line) => ({ line, hint: false }));
    if (column.hint && cellWidth > 70) lines.push({ line: column.hint, hint: true });
    const text = svg.append('text').attr({ class: 'matrix-heading', 'text-anchor': 'middle' });
    lines.forEach(({ line, hint }, i) => text.append('tspan').attr({ class: hint ? 'hint' : null,
      x: left + (c + 0.5) * cellWidth, y: top - 8 - 13.5 * (lines.length - 1 - i) }).text(line));
  });
  layout.rows.forEach((row, r) => {
    const y = top + r * cellHeight;
    const lines = wrapText(row.name, Math.floor((left - 8) / 6.3)).slice(0, 3);
    const text = svg.append('text').attr({ class: 'matrix-heading', 'text-anchor': 'end' });
    lines.forEach((line, i) => text.append('tspan')
      .attr({ x: left - 8, y: y + cellHeight / 2 + 4 + 13 * (i - (lines.length - 1) / 2) }).text(line));
    layout.columns.forEach((column, c) => drawMatrixCell(svg, layout.at(r, c),
      { x: left + c * cellWidth, y, width: cellWidth, height: cellHeight }));
  });
  return [Math.round(width), top + layout.rows.length * cellHeight + 4];
}

function drawMatrixCell(svg, cell, box) {
  const group = svg.append('g').attr('class', 'cell');
  const share = cell.strength ? Math.min(1, Math.abs(cell.strength.value) / kFullEffect) : 0;
  const rect = { x: box.x + 1, y: box.y + 1, width: box.width - 2, height: box.height - 2, rx: 3 };
  group.append('rect').attr(rect).attr('class', cell.reference ? 'cell-reference' : 'cell-empty');
  if (share > 0) {
    group.append('rect').attr(rect).style({ fill: cell.strength.value > 0 ? 'var(--more)' : 'var(--less)',
                                            'fill-opacity': 0.9 * share });
  }
  const text = group.append('text').attr({ class: share > 0.8 ? 'strong' : null, 'text-anchor': 'middle' });
  const middle = box.x + box.width / 2;
  text.append('tspan').attr({ x: middle, y: box.y + (cell.ratio ? 19 : 25), class: 'cell-value' }).text(cell.value);
  if (cell.ratio) text.append('tspan').attr({ x: middle, y: box.y + 33, class: 'cell-ratio' }).text(cell.ratio);
  hoverable(group, () => showTip(cell.tip.rows, cell.tip.title));
}

// ---- dots with intervals ----

// spec: { label, rows: [{ name, estimate, color, diamond, tip }], xLabel, accept: { low, high }, neutral, domain }
// `accept` shades the values that a prediction allows; `neutral` marks "no difference".
function dotRows(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const names = spec.rows.map((row) => wrapText(row.name, width > 480 ? 34 : 18).slice(0, 5));
    const longest = d3.max(d3.merge(names), (line) => line.length) || 0;
    const frame = { left: longest ? Math.min(width * 0.45, 12 + 6.5 * longest) : 10, right: width - 12, top: 6 };
    const heights = names.map((lines) => Math.max(30, 10 + 14 * lines.length));
    frame.bottom = frame.top + d3.sum(heights);
    const finite = (x) => x !== null && isFinite(x);
    const values = d3.merge(spec.rows.map((row) => [row.estimate.value, row.estimate.low, row.estimate.high]));
    const marks = spec.accept ? [spec.accept.low, spec.accept.high] : [];
    const x = d3.scale.linear().domain(paddedDomain(values.concat(marks, [spec.neutral]).filter(finite), 0.12))
      .range([frame.left, frame.right]);
    if (spec.accept) drawAccepted(svg, spec.accept, x, frame);
    if (isNumber(spec.neutral)) {
      svg.append('line').attr({ class: 'neutral', x1: x(spec.neutral), x2: x(spec.neutral), y1: frame.top, y2: frame.bottom });
    }
    axisBottom(svg, x, frame.bottom, Math.max(2, Math.floor((frame.right - frame.left) / 65)), spec.xLabel,
               [frame.left, frame.right]);
    let y = frame.top;
    spec.rows.forEach((row, i) => {
      drawDot(svg, row, names[i], x, y + heights[i] / 2, frame);
      y += heights[i];
    });
    return frame.bottom + 38;
  });
}

function drawAccepted(svg, accept, x, frame) {
  const [from, to] = [Math.max(accept.low, x.domain()[0]), Math.min(accept.high, x.domain()[1])];
  svg.append('rect').attr({ class: 'accepted', x: x(from), width: Math.max(0, x(to) - x(from)), y: frame.top,
    height: frame.bottom - frame.top });
  [accept.low, accept.high].filter(isFinite).forEach((bound) => {
    svg.append('line').attr({ class: 'bound', x1: x(bound), x2: x(bound), y1: frame.top, y2: frame.bottom });
  });
}

function drawDot(svg, row, lines, x, y, frame) {
  const text = svg.append('text').attr({ class: 'row-name', 'text-anchor': 'end' });
  lines.forEach((line, i) => text.append('tspan')
    .attr({ x: frame.left - 10, y: y + 4 + 13 * (i - (lines.length - 1) / 2) }).text(line));
  const group = svg.append('g');
  const { value, low, high } = row.estimate;
  group.append('rect').attr({ class: 'target', x: frame.left, y: y - 13, width: frame.right - frame.left, height: 26 });
  if (isNumber(low) && isNumber(high)) {
    group.append('line').attr({ class: 'interval', x1: x(low), x2: x(high), y1: y, y2: y }).style('stroke', row.color);
  }
  if (isNumber(value)) {
    group.append('path').attr({ d: d3.svg.symbol().type(row.diamond ? 'diamond' : 'circle').size(row.diamond ? 90 : 75)(),
      transform: 'translate(' + x(value) + ',' + y + ')', class: 'dot' }).style('fill', row.color);
  }
  hoverable(group, () => showTip([{ value: formatEstimate(row.estimate) + (row.unit ? ' ' + row.unit : '') }], row.tip || row.name));
}

// ---- bars ----

// spec: { label, bars: [{ from, to, value, tip }], outline: [{ from, to, value }], xLabel, yLabel, height, marks: [{ at, name }] }
// `outline`, where given, is drawn as steps over the bars.
function histogram(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const frame = { left: 36, right: width - 12, top: 22, bottom: spec.height - 38 };
    const x = d3.scale.linear().domain([spec.bars[0].from, spec.bars[spec.bars.length - 1].to]).range([frame.left, frame.right]);
    const y = d3.scale.linear().domain([0, d3.max(spec.bars, (bar) => bar.value) || 1]).nice(3).range([frame.bottom, frame.top]);
    axisLeft(svg, y, frame.left, frame.right, 3, spec.yLabel);
    spec.bars.forEach((bar) => {
      const group = svg.append('g');
      group.append('rect').attr({ class: 'bar', x: x(bar.from) + 0.5, width: Math.max(0.5, x(bar.to) - x(bar.from) - 1),
        y: y(bar.value), height: frame.bottom - y(bar.value) });
      group.append('rect').attr({ class: 'target', x: x(bar.from), width: Math.max(0, x(bar.to) - x(bar.from)), y: frame.top,
        height: frame.bottom - frame.top });
      hoverable(group, () => showTip([{ value: bar.tip }], spec.name));
    });
    const steps = (spec.outline || []).filter((bar) => isNumber(bar.value) && isNumber(bar.from) && isNumber(bar.to));
    if (steps.length) {
      const corners = d3.merge(steps.map((bar) => [[bar.from, bar.value], [bar.to, bar.value]]));
      svg.append('path').attr({ class: 'line outline', d: d3.svg.line().x((c) => x(c[0])).y((c) => y(Math.min(c[1], y.domain()[1])))(corners) });
    }
    spec.marks.filter((mark) => isNumber(mark.at)).forEach((mark) => {
      svg.append('line').attr({ class: 'median', x1: x(mark.at), x2: x(mark.at), y1: frame.top, y2: frame.bottom });
    });
    axisBottom(svg, x, frame.bottom, 4, spec.xLabel, [frame.left, frame.right]);
    return spec.height;
  });
}

// spec: { label, rows: [{ name, value, text, best }], xLabel }
function barRows(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const rowHeight = 28;
    const left = Math.min(width * 0.45, 14 + 6.6 * d3.max(spec.rows, (row) => row.name.length));
    const frame = { left, right: width - 64, bottom: 4 + rowHeight * spec.rows.length };
    const x = d3.scale.linear().domain([0, d3.max(spec.rows, (row) => row.value) || 1]).range([left, frame.right]);
    spec.rows.forEach((row, i) => {
      const y = 4 + i * rowHeight;
      const limit = Math.floor((left - 12) / 6.4);
      svg.append('text').attr({ class: 'row-name', 'text-anchor': 'end', x: left - 8, y: y + 18 })
        .text(row.name.length > limit ? row.name.slice(0, limit - 1) + '…' : row.name);
      svg.append('rect').attr({ class: row.best ? 'bar best' : 'bar', x: left, y: y + 5, height: rowHeight - 10,
        width: Math.max(2, x(row.value) - left) });
      svg.append('text').attr({ class: 'bar-text', x: Math.max(left + 2, x(row.value)) + 6, y: y + 18 }).text(row.text);
    });
    axisBottom(svg, x, frame.bottom, Math.max(2, Math.floor(width / 150)), spec.xLabel, [left, frame.right]);
    return frame.bottom + 38;
  });
}

// ---- many intervals in rising order ----

// spec: { label, items: [{ name, value, low, high }], color, xLabel, yLabel, height }
function rankedIntervals(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const items = spec.items.slice().sort((a, b) => a.value - b.value);
    const frame = { left: 44, right: width - 10, top: 24, bottom: spec.height - 38 };
    const x = d3.scale.linear().domain([0.5, items.length + 0.5]).range([frame.left, frame.right]);
    const y = d3.scale.linear().domain(paddedDomain(d3.merge(items.map((one) => [one.value, one.low, one.high])), 0.05))
      .range([frame.bottom, frame.top]);
    axisLeft(svg, y, frame.left, frame.right, 4, spec.yLabel);
    axisBottom(svg, x, frame.bottom, Math.min(items.length, Math.max(2, Math.floor(width / 80))), spec.xLabel, [frame.left, frame.right]);
    items.forEach((one, i) => {
      if (isNumber(one.low) && isNumber(one.high)) {
        svg.append('line').attr({ class: 'interval thin', x1: x(i + 1), x2: x(i + 1), y1: y(one.low), y2: y(one.high) }).style('stroke', spec.color);
      }
      svg.append('circle').attr({ class: 'dot', r: items.length > 80 ? 1.6 : 2.8, cx: x(i + 1), cy: y(one.value) }).style('fill', spec.color);
    });
    const target = svg.append('rect').attr({ class: 'target', x: frame.left, y: frame.top, width: frame.right - frame.left,
      height: frame.bottom - frame.top });
    hoverable(target, () => {
      const at = Math.max(1, Math.min(items.length, Math.round(x.invert(d3.mouse(svg.node())[0]))));
      showTip([{ value: formatEstimate(items[at - 1]) }], items[at - 1].name);
    });
    return spec.height;
  });
}

// ---- ranks of chains ----

// spec: { label, series: [{ name, color, data: [{ x, value }] }], xLabel, yLabel, height }
function rankLines(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const frame = { left: 40, right: width - 10, top: 22, bottom: spec.height - 38 };
    const every = d3.merge(spec.series.map((one) => one.data));
    const x = d3.scale.linear().domain([0, 1]).range([frame.left, frame.right]);
    const y = d3.scale.linear().domain([0, (d3.max(every, (point) => point.value) || 1) * 1.15]).range([frame.bottom, frame.top]);
    axisLeft(svg, y, frame.left, frame.right, 3, spec.yLabel);
    axisBottom(svg, x, frame.bottom, 4, spec.xLabel, [frame.left, frame.right]);
    spec.series.forEach((one) => {
      const path = d3.svg.line().interpolate('step').x((point) => x(point.x)).y((point) => y(point.value));
      const line = svg.append('path').attr({ class: 'line fine', d: path(one.data) }).style('stroke', one.color);
      line.append('title').text(one.name);
    });
    return spec.height;
  });
}

// ---- points against the diagonal ----

// spec: { label, points: [[x, y]], xLabel, yLabel, height }
function scatter(host, spec) {
  return addChart(host, spec.label, (svg, width) => {
    const frame = { left: 46, right: width - 10, top: 24, bottom: spec.height - 38 };
    const domain = paddedDomain(d3.merge(spec.points), 0.06);
    const x = d3.scale.linear().domain(domain).range([frame.left, frame.right]);
    const y = d3.scale.linear().domain(domain).range([frame.bottom, frame.top]);
    axisLeft(svg, y, frame.left, frame.right, 4, spec.yLabel);
    axisBottom(svg, x, frame.bottom, Math.max(3, Math.floor(width / 90)), spec.xLabel, [frame.left, frame.right]);
    svg.append('line').attr({ class: 'neutral', x1: x(domain[0]), y1: y(domain[0]), x2: x(domain[1]), y2: y(domain[1]) });
    spec.points.forEach((point) => {
      svg.append('circle').attr({ class: 'dot', r: spec.points.length > 120 ? 2 : 3, cx: x(point[0]), cy: y(point[1]) }).style('fill', 'var(--c1)');
    });
    return spec.height;
  });
}
