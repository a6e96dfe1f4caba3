// What differs: conditions from the reference, results from predictions, agents from people.

// ---- conditions by metrics ----

const kDirections = { lower: 'lower is better', higher: 'higher is better' };

function matrixCell(results, at, condition, metric) {
  const estimate = estimateOf(results.cell(at.variant, at.agent, condition), metric.id);
  const effect = results.effect(at.variant, at.agent, condition, metric.id);
  const strength = effectStrength(effect);
  const ratio = effect && isObject(effect.ratio) && isNumber(effect.ratio.value) ? effect.ratio : null;
  const against = (effect && words(effect.against)) || results.reference;
  const rows = [{ name: 'value', value: formatEstimate(estimate) + (estimate && hasUnit(metric.unit) ? ' ' + metric.unit : '') }];
  if (effect) {
    ['ratio', 'difference', 'd'].forEach((name) => {
      const label = { ratio: 'ratio to ' + against, difference: 'minus ' + against, d: 'effect size d' }[name];
      if (isObject(effect[name]) && isNumber(effect[name].value)) rows.push({ name: label, value: formatEstimate(effect[name]) });
    });
  }
  const approximate = strength && strength.kind === 'log2' ? '*' : '';
  return { value: format(estimate ? estimate.value : null) + approximate, ratio: ratio ? '×' + format(ratio.value) : '',
           strength, reference: condition === results.reference, effect, estimate,
           tip: { title: condition + ' · ' + metric.label, rows } };
}

function effectsTable(results, at, metrics, conditions) {
  const rows = [];
  metrics.forEach((metric) => conditions.forEach((condition) => {
    const { estimate, effect } = matrixCell(results, at, condition, metric);
    const part = (name) => (effect && isObject(effect[name]) ? formatEstimate(effect[name]) : kMissing);
    rows.push([metric.label + (hasUnit(metric.unit) ? ' (' + metric.unit + ')' : ''), condition, formatEstimate(estimate),
               part('ratio'), part('difference'), part('d')]);
  }));
  return element('details', {}, element('summary', {}, ['All values', at.name].filter(Boolean).join(', ')),
    table(['Metric', 'Condition', 'Value [95% interval]', 'Ratio to reference', 'Minus reference', 'd'], rows,
          'Values of every metric, ' + at.name));
}

function lesionMatrices(results) {
  if (!results.metrics.length || !results.panels.length || !results.conditions.length) return null;
  const figures = results.panels.map((at) => {
    const conditions = results.conditions.filter((condition) => results.cell(at.variant, at.agent, condition));
    const metrics = results.metrics.filter((metric) =>
      conditions.some((condition) => estimateOf(results.cell(at.variant, at.agent, condition), metric.id)));
    if (!metrics.length) return null;
    const rows = conditions.map((condition) => ({ name: condition,
      cells: metrics.map((metric) => matrixCell(results, at, condition, metric)) }));
    const host = effectMatrix(element('div', { class: 'plot scroll' }), { rows,
      label: 'Effect of each condition on each metric, ' + at.name,
      columns: metrics.map((metric) => ({ name: metric.label + (hasUnit(metric.unit) ? ', ' + metric.unit : ''),
                                          hint: kDirections[metric.direction] || '' })) });
    const approximate = rows.some((row) => row.cells.some((cell) => cell.strength && cell.strength.kind === 'log2'));
    return figure(at.name,
      'Color shows how far a condition moves a metric away from ' + results.reference + ' (first); × is the ratio to it.' +
      (approximate ? ' Cells with * are colored by doublings, as they have no spread over subjects.' : ''),
      effectScale(results.reference), host, effectsTable(results, at, metrics, conditions));
  }).filter(Boolean);
  if (!figures.length) return null;
  const described = results.metrics.filter((metric) => metric.about);
  return section('effects', 'What each condition changes', figures,
    described.length ? element('details', {}, element('summary', {}, 'What the metrics mean'),
      element('dl', { class: 'terms' }, described.map((metric) => [element('dt', {}, metric.label), element('dd', {}, metric.about)]))) : null);
}

function effectScale(reference) {
  return element('div', { class: 'effect-scale' },
    element('span', {}, '−' + kFullEffect + ' sd'), element('span', { class: 'ramp', 'aria-hidden': 'true' }),
    element('span', {}, '+' + kFullEffect + ' sd from ' + reference));
}

// ---- predictions ----

const kVerdicts = [
  { id: 'supported', mark: '✓' }, { id: 'refuted', mark: '✕' },
  { id: 'undecided', mark: '?' }, { id: 'not run', mark: '–' },
];

function badge(verdict) {
  const known = kVerdicts.find((one) => one.id === verdict) || kVerdicts[3];
  return element('span', { class: 'badge verdict-' + known.id.replace(' ', '-') },
    element('span', { 'aria-hidden': 'true' }, known.mark), ' ' + known.id);
}

// A label inside a sentence; parameters keep their spelling.
function startOfWord(label, fit) { return fit ? label : label.charAt(0).toLowerCase() + label.slice(1); }

// Of a fit the quantity is an effect on a parameter, in the parameter's unit.
function metricOfPrediction(results, prediction) {
  if (!words(prediction.fit)) return results.metric(words(prediction.metric));
  const fit = results.groupFits.find((one) => words(one.id) === words(prediction.fit)) || {};
  const effect = words(prediction.effect);
  const parameter = (Array.isArray(fit.parameters) ? fit.parameters : []).find((one) => isObject(one) && one.name === effect.split(':')[0]) || {};
  return readMetric({ id: effect, label: effect, unit: words(parameter.unit) });
}

function predictionPlot(results, prediction) {
  const estimate = { value: number(prediction.value), low: number(prediction.low), high: number(prediction.high) };
  if (estimate.value === null) return element('p', { class: 'muted' }, words(prediction.reason) || 'No value.');
  const relation = parseRelation(prediction.relation);
  const metric = metricOfPrediction(results, prediction);
  const quantity = (relation && relation.quantity) || 'value';
  const contrast = (Array.isArray(prediction.contrast) ? prediction.contrast : []).map(words).filter(Boolean);
  const isRatio = quantity.startsWith('ratio');
  const isDifference = quantity.startsWith('diff');
  const isSize = quantity === 'd' || quantity === 'effect';
  const unit = isRatio ? 'ratio' : isSize ? 'sd' : hasUnit(metric.unit) ? metric.unit : 'no unit';
  const label = (isRatio ? 'Ratio of ' : isDifference ? 'Difference in ' : isSize ? 'Effect on ' : '') +
    (isRatio || isDifference || isSize ? startOfWord(metric.label, words(prediction.fit)) : metric.label) +
    (isRatio ? '' : ' (' + unit + ')');
  const long = isRatio && contrast.length === 2 ? label + ', ' + contrast.join(' to ')
    : isDifference && contrast.length === 2 ? label + ', ' + contrast.join(' minus ') : label;
  const color = contrast.length ? conditionStyle(results, contrast[0]).color : 'var(--c0)';
  return dotRows(block(), {
    label: words(prediction.claim) + ': ' + formatEstimate(estimate) + ', predicted ' + relationText(prediction.relation),
    rows: [{ name: '', estimate, color, unit: isRatio || unit === 'no unit' ? '' : unit,
             tip: [contrast.join(' against '), relationText(prediction.relation)].filter(Boolean).join(': ') }],
    xLabel: [long, label], accept: relation, neutral: isRatio ? 1 : isDifference || isSize ? 0 : null });
}

function predictionRow(results, prediction) {
  const contrast = (Array.isArray(prediction.contrast) ? prediction.contrast : []).map(words).filter(Boolean);
  const metric = metricOfPrediction(results, prediction);
  const context = [words(prediction.variant), results.agents.length > 1 ? words(prediction.agent) : '',
                   contrast.join(' against '), words(prediction.condition) ? 'under ' + words(prediction.condition) : '']
    .filter(Boolean).join(' · ');
  const estimate = { value: number(prediction.value), low: number(prediction.low), high: number(prediction.high) };
  return element('li', { class: 'prediction' },
    element('div', { class: 'prediction-text' },
      element('p', { class: 'badges' }, badge(prediction.verdict),
        prediction.tuned === true ? element('span', { class: 'badge tuned' }, 'tuned on this') : null),
      element('h4', {}, words(prediction.claim) || 'Unnamed prediction'),
      element('p', {}, context),
      element('p', {}, 'Predicted: ', element('b', {}, [metric.label, relationText(prediction.relation)].filter(Boolean).join(', ')),
        estimate.value === null ? '' : '; found ' + formatEstimate(estimate)),
      estimate.value !== null && words(prediction.reason) ? element('p', { class: 'muted' }, words(prediction.reason)) : null,
      words(prediction.anchor) ? element('p', { class: 'muted anchor' }, 'Source: ' + prediction.anchor) : null),
    element('div', { class: 'prediction-plot' }, predictionPlot(results, prediction)));
}

function predictionsSection(results) {
  if (!results.predictions.length) return null;
  return section('predictions', 'Predictions', figure('Each prediction against its bound',
    'The green area holds the values that a prediction allows; it is supported when the whole 95% interval of the dot lies ' +
    'inside, and undecided when the interval holds the bound.',
    element('ol', { class: 'predictions' }, results.predictions.map((prediction) => predictionRow(results, prediction)))));
}

// ---- people beside agents ----

function peopleSection(results) {
  const people = results.people.filter((cell) => Object.keys(cell.metrics).length);
  if (!people.length) return null;
  const conditions = unique([results.reference].concat(people.map((cell) => cell.condition)));
  const shared = unique(d3.merge(results.people.map((cell) => Object.keys(cell.metrics))))
    .filter((id) => people.some((cell) => estimateOf(cell, id)) && results.simulated.some((cell) => estimateOf(cell, id)));
  const order = (id) => { const at = results.metrics.findIndex((metric) => metric.id === id); return at < 0 ? 1e6 : at; };
  const several = results.variants.length > 1;
  const panels = shared.sort((a, b) => order(a) - order(b)).map((id) => {
    const metric = results.metric(id);
    const variants = unique(people.filter((cell) => estimateOf(cell, id)).map((cell) => cell.variant));
    const rows = people.filter((cell) => estimateOf(cell, id)).map((cell) => ({ estimate: cell.metrics[id], diamond: true,
      color: 'var(--people)', name: peopleName(results, cell) + (several && cell.variant ? ', ' + cell.variant : '') }));
    // People of a variant stand beside the agents that did the same; of an unknown one, beside all.
    const peers = results.panels.filter((at) => variants.indexOf(at.variant) >= 0);
    (peers.length ? peers : results.panels).forEach((at) => conditions.forEach((condition) => {
      const estimate = estimateOf(results.cell(at.variant, at.agent, condition), id);
      if (!estimate) return;
      rows.push({ estimate, color: conditionStyle(results, condition).color,
                  name: [at.agent, condition === results.reference ? '' : condition, several ? at.variant : ''].filter(Boolean).join(', ') });
    }));
    rows.forEach((row) => { row.unit = hasUnit(metric.unit) ? metric.unit : ''; });
    if (rows.length === variants.length) return null;
    return panel(metric.label, dotRows(block(), { rows, xLabel: withUnit(metric.label, metric.unit),
      label: metric.label + ', people and agents: ' + rows.map((row) => row.name + ' ' + format(row.estimate.value)).join('; ') }));
  }).filter(Boolean);
  if (!panels.length) return null;
  return section('people', 'People beside agents', figure('The same measures in people and in agents',
    'Where the bar of an agent (dot) overlaps that of people (diamond), the agent behaves like them on that measure; ' +
    'bars are 95% intervals.', element('div', { class: 'panels' }, panels)));
}
