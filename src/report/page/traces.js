// Learning curves and signals, trial by trial around the rule change: one panel per variant and agent.

function legendKeys(results, cells) {
  const keys = results.conditions.filter((condition) => cells.some((cell) => !cell.people && cell.condition === condition))
    .map((condition) => Object.assign({ name: condition }, conditionStyle(results, condition)));
  if (cells.some((cell) => cell.people)) keys.push(Object.assign({ name: 'People' }, kPeopleStyle));
  return keys;
}

function seriesOf(results, cells, signal) {
  return cells.filter((cell) => cell.curves[signal]).map((cell) => {
    const style = cell.people ? kPeopleStyle : conditionStyle(results, cell.condition);
    return Object.assign({ name: cell.people ? peopleName(results, cell) : cell.condition,
                           data: cell.curves[signal].points }, style);
  });
}

// The cells of a panel in the order of the conditions; people who did this variant lie on top of the agents.
function panelCells(results, at) {
  return results.conditions.map((condition) => results.cell(at.variant, at.agent, condition)).filter(Boolean)
    .concat(results.people.filter((cell) => cell.variant === at.variant));
}

function traceLabel(curve, signal) {
  const unit = hasUnit(curve.unit) ? curve.unit : 'no unit';
  return [(curve.label || signal) + ', ' + unit, unit];
}

// One panel per place (variant, agent); all panels of one signal share both axes, so that heights compare.
function tracePanels(results, signal, places, options) {
  const drawn = places.map((place) => ({ place, series: seriesOf(results, place.cells, signal) }))
    .filter((one) => one.series.length);
  const points = d3.merge(d3.merge(drawn.map((one) => one.series.map((series) => series.data))));
  const extent = d3.extent(points, (point) => point.x);
  const bounds = d3.merge(points.map((point) => [point.mean, point.low, point.high])).filter(isNumber);
  const [least, most] = d3.extent(bounds);
  const nice = d3.scale.linear().domain(paddedDomain(bounds, 0.05)).nice(8).domain();
  // Padding should not suggest that a probability or a rate could leave its range.
  if (least >= 0) nice[0] = Math.max(0, nice[0]);
  if (least >= 0 && most <= 1) nice[1] = Math.min(1, nice[1]);
  return drawn.map(({ place, series }) => {
    const curve = place.cells.find((cell) => cell.curves[signal]).curves[signal];
    const name = options.withSignal ? [curve.label, place.name].filter(Boolean).join(' · ') : place.name;
    return panel(name, linePanel(block(), {
      label: curve.label + ' by trial around the rule change, ' + place.name + ': ' + series.map((one) => one.name).join(', '),
      series, xDomain: extent[0] < extent[1] ? extent : [extent[0] - 1, extent[0] + 1],
      yDomain: signal === 'correct' ? [0, 1] : nice,
      // The rule changes between the last old trial (-1) and the first new one (0).
      marks: [{ at: -0.5 }], tipTitle: (trial) => plural(trial, 'trial') + ' since the rule change',
      xLabel: 'Trials since the rule change', yLabel: traceLabel(curve, signal), height: options.height }));
  });
}

function learningCurves(results) {
  const cells = results.cells.filter((cell) => cell.curves.correct);
  if (!cells.length) return null;
  const places = results.panels.map((at) => ({ name: at.name, cells: panelCells(results, at) }));
  const elsewhere = results.people.filter((cell) => !results.panels.some((at) => at.variant === cell.variant));
  unique(elsewhere.map((cell) => cell.variant)).forEach((variant) => {
    places.push({ name: variant || 'People', cells: elsewhere.filter((cell) => cell.variant === variant) });
  });
  return section('curves', 'Learning around the rule change', figure(
    'Share of correct choices, trial by trial',
    'When the rule changes (vertical line), choices turn wrong; the sooner a line climbs back, the faster that condition ' +
    'relearns. Bands are 95% intervals.',
    legend(legendKeys(results, cells)),
    element('div', { class: 'panels wide traces' }, tracePanels(results, 'correct', places, { height: 270 }))));
}

function signalSection(results, id, title, figureTitle, caption, signals) {
  const cells = results.cells.filter((cell) => signals.some((signal) => cell.curves[signal]));
  if (!cells.length) return null;
  const places = results.panels.map((at) => ({ name: at.name, cells: panelCells(results, at) }));
  const rows = signals.map((signal) => tracePanels(results, signal, places, { height: 168, withSignal: true }))
    .filter((row) => row.length);
  return section(id, title, figure(figureTitle, caption, legend(legendKeys(results, cells)),
    rows.map((row) => element('div', { class: 'panels traces', style: '--columns:' + Math.min(4, row.length) }, row))));
}

function modulatorTraces(results) {
  return signalSection(results, 'modulators', 'Modulator signals', 'Four modulators around the rule change',
    'Each row is one modulator: where a condition leaves the gray reference line, its signal is changed. ' +
    'Bands are 95% intervals.', kModulators);
}

function otherTraces(results) {
  const seen = unique(d3.merge(results.cells.map((cell) => Object.keys(cell.curves))));
  return signalSection(results, 'signals', 'What the agents compute', 'Internal signals around the rule change',
    'Each row is one internal quantity of the agents, by trial. Bands are 95% intervals.',
    seen.filter((signal) => signal !== 'correct' && kModulators.indexOf(signal) < 0));
}
