// Hierarchical fits: what the group's parameters are, what differs, what each cell of agents and the people beside them have, whether
// chains agree, and whether fitted learners do what people do.

function groupFitsSection(results) {
  if (!results.groupFits.length) return null;
  const ids = unique(results.groupFits.map((fit) => words(fit.id)));
  return section('group-fits', 'Groups, fitted as a whole',
    comparisonFigures(results), ids.map((id) => {
      const fits = results.groupFits.filter((fit) => words(fit.id) === id);
      const models = unique(fits.map((fit) => words(fit.model)));
      return fits.length > 1 || fits[0].of === 'agents'
        ? cellsFigure(results, id, fits) : peopleFitFigures(fits[0], models[0] === id ? id : id + ' (' + models[0] + ')');
    }));
}

function listOf(value) { return Array.isArray(value) ? value.filter(isObject) : []; }
function drawn(summary) {
  return isObject(summary) ? { value: number(summary.mean), low: number(summary['q2.5']), high: number(summary['q97.5']) }
    : { value: null, low: null, high: null };
}

// ---- which model predicts best ----

function comparisonFigures(results) {
  return results.fitComparisons.map((comparison) => {
    const models = listOf(comparison.models).filter((model) => isNumber(model.behind));
    if (models.length < 2) return null;
    const rows = models.map((model, i) => ({ name: words(model.id), color: i === 0 ? 'var(--good)' : 'var(--bar)',
      estimate: { value: -model.behind, low: -model.behind - 1.96 * (number(model.behind_se) || 0),
                  high: -model.behind + 1.96 * (number(model.behind_se) || 0) } }));
    return figure('Which learner predicts the decisions of ' + words(comparison.group),
      'Leave-one-out by decision (PSIS): how far each is behind the best, in log predictive density, with ±1.96 standard errors of ' +
      'the difference. The weight is its share in the mixture that predicts best (stacking).',
      dotRows(block(), { rows, xLabel: ['Difference in elpd to the best learner (nats, ' + format(number(comparison.observations), 0) + ' decisions)',
                                        'Difference in elpd (nats)'], neutral: 0, label: 'Differences in elpd, ' + words(comparison.group) }),
      table(['Learner', 'elpd', 'se', 'Behind', 'se', 'Weight', 'Decisions with an unreliable score'],
        models.map((model) => [words(model.id), format(number(model.elpd), 1), format(number(model.se), 1), format(number(model.behind), 1),
                               format(number(model.behind_se), 1), format(number(model.stacking), 2), format(number(model.unreliable), 0)]),
        'Comparison of learners'));
  });
}

// ---- one group of people ----

function peopleFitFigures(fit, name) {
  return [
    element('h3', { class: 'fit-title' }, name),
    element('p', { class: 'muted' }, fitSentence(fit)), fitDoubts(fit),
    posteriorFigure(fit, name), effectFigures(fit), checkFigure(fit, name), recoveryFigure(fit, name), subjectsFigure(fit, name), chainsFigure(fit, name),
    words(fit.methods) ? element('details', {}, element('summary', {}, 'Methods paragraph of ' + name),
      element('pre', { tabindex: 0 }, words(fit.methods))) : null,
  ];
}

function fitSentence(fit) {
  const settings = isObject(fit.settings) ? fit.settings : {};
  const checks = isObject(fit.diagnostics) ? fit.diagnostics : {};
  const loo = isObject(fit.loo) && isObject(fit.loo.elpd) ? fit.loo.elpd : {};
  const units = isNumber(fit.units) && fit.units !== fit.subjects ? ' in ' + plural(fit.units, 'unit') : '';
  return [words(fit.data) || words(fit.group_name), plural(number(fit.subjects), 'subject') + units,
          format(number(fit.observations), 0) + ' ' + (words(fit.predicts) || 'decisions'),
          format(number(settings.chains), 0) + ' chains of ' + plural(number(settings.draws), 'draw'),
          'R-hat at most ' + format(number(checks.max_rhat), 3), 'at least ' + plural(number(checks.min_ess_bulk), 'effective draw'),
          plural(number(checks.divergences), 'divergence'),
          isNumber(loo.estimate) ? 'elpd ' + format(loo.estimate, 1) + ' (se ' + format(number(loo.se), 1) + ')' : '']
    .filter(Boolean).join('; ') + '.';
}

function fitDoubts(fit) {
  const checks = isObject(fit.diagnostics) ? fit.diagnostics : {};
  const texts = (list) => (Array.isArray(list) ? list.map(words).filter(Boolean) : []);
  const [warnings, weak] = [texts(checks.warnings), texts(checks.weak)];
  return [
    warnings.length ? element('div', { class: 'problem' }, warnings.map((text) => element('p', {}, 'Warning: ' + text))) : null,
    weak.length ? element('ul', { class: 'weak' }, weak.map((text) => element('li', {}, 'The data say little: ' + text))) : null,
  ];
}

function posteriorFigure(fit, name) {
  const panels = listOf(fit.parameters).map((parameter) => {
    const shape = isObject(parameter.histogram) ? parameter.histogram : {};
    const edges = Array.isArray(shape.edges) ? shape.edges : [];
    const counts = Array.isArray(shape.counts) ? shape.counts : [];
    const total = d3.sum(counts) || 1;
    const bars = counts.map((count, i) => ({ from: edges[i], to: edges[i + 1], value: count / total,
      tip: format(100 * count / total, 1) + '% of draws, ' + format(edges[i]) + ' to ' + format(edges[i + 1]) }))
      .filter((bar) => isNumber(bar.from) && isNumber(bar.to) && bar.to > bar.from);
    if (!bars.length) return null;
    const summary = drawn(isObject(fit.group) ? fit.group[parameter.name] : null);
    const prior = Array.isArray(shape.prior) ? shape.prior.map((share, i) => ({ from: edges[i], to: edges[i + 1], value: number(share) })) : [];
    const host = histogram(block(), { bars, outline: prior, name: words(parameter.name), height: 168, yLabel: 'Share of draws',
      xLabel: withUnit(words(parameter.name), parameter.unit), label: 'Posterior of ' + words(parameter.name) + ': ' + formatEstimate(summary),
      marks: [{ at: summary.value }] });
    return element('div', { class: 'panel' }, element('h4', {}, words(parameter.name)), host,
      element('p', { class: 'muted' }, formatEstimate(summary) + (isNumber(parameter.own_share)
        ? '; a subject’s own choices are ' + format(100 * parameter.own_share, 0) + '% of what is known of a subject' : '')));
  }).filter(Boolean);
  if (!panels.length) return null;
  return figure('What is known of the group, ' + name,
    'The median subject' + (isObject(fit.effects) ? ' of the reference level' : '') +
    ': draws of the posterior (bars), their mean (dashed) and the prior (line), over the range of the draws.',
    element('div', { class: 'panels small' }, panels));
}

function effectFigures(fit) {
  if (!isObject(fit.effects)) return null;
  return Object.entries(fit.effects).map(([parameter, effects]) => {
    const unit = (listOf(fit.parameters).find((one) => one.name === parameter) || {}).unit;
    const differences = listOf(effects.differences).map((one) => ({ name: words(one.name), color: 'var(--c1)', estimate: drawn(one),
      tip: words(one.name) + (isNumber(one.above_0) ? ': above 0 in ' + format(100 * one.above_0, 1) + '% of draws' : '') }));
    const cells = listOf(isObject(fit.cells) ? fit.cells[parameter] : null).map((cell) => ({ color: 'var(--people)', diamond: true,
      name: Object.entries(isObject(cell.at) ? cell.at : {}).map(([factor, level]) => factor + ' ' + words(level)).join(', ') || 'at the means',
      estimate: drawn(cell) }));
    const formula = isObject(fit.formula) ? words(fit.formula[parameter]) : '';
    const plots = [
      cells.length > 1 ? panel('Median subject', dotRows(block(), { rows: cells, xLabel: withUnit(parameter, unit),
        label: 'Values of ' + parameter + ' in every cell' })) : null,
      differences.length ? panel('Differences', dotRows(block(), { rows: differences, neutral: 0,
        xLabel: 'Difference in ' + withUnit(parameter, unit), label: 'Differences in ' + parameter })) : null,
    ].filter(Boolean);
    if (!plots.length) return null;
    return figure('What differs in ' + parameter, 'Model: ' + formula + '. Means and 95% intervals of the posterior; the dotted line is no difference.',
      element('div', { class: 'panels wide' }, plots));
  });
}

function checkFigure(fit, name) {
  const check = isObject(fit.check) ? fit.check : null;
  if (!check || !isObject(check.metrics)) return null;
  const panels = Object.entries(check.metrics).filter((entry) => isObject(entry[1]) && isNumber(entry[1].observed)).map(([metric, one]) => {
    const rows = [
      { name: 'People', color: 'var(--people)', diamond: true, estimate: { value: one.observed, low: null, high: null } },
      { name: words(fit.model), color: 'var(--c1)', estimate: { value: number(one.mean), low: number(one['q2.5']), high: number(one['q97.5']) } }];
    return element('div', { class: 'panel' }, element('h4', {}, metric),
      dotRows(block(), { rows, xLabel: withUnit(metric, one.unit), label: metric + ' of people and of the fitted learner' }),
      element('p', { class: 'muted' }, 'p = ' + format(number(one.p), 3) + '; ' + format(number(one.subjects_outside), 0) + ' of ' +
        plural(number(one.subjects_defined), 'subject') + ' outside their own 95%'));
  });
  if (!panels.length) return null;
  return figure('Does ' + name + ' do what people do?', 'Fitted learners, one a subject, play the subjects’ own schedules (' + words(check.task) + ', ' +
    plural(number(check.replicates), 'time') + '): 95% of replicates beside what people did. p near 0 or 1 says they differ.',
    element('div', { class: 'panels' }, panels));
}

function recoveryFigure(fit, name) {
  const recovery = isObject(fit.recovery) ? fit.recovery : null;
  if (!recovery) return null;
  const parameters = listOf(recovery.parameters);
  const lost = parameters.filter((one) => isNumber(one.r) && one.r < 0.5).map((one) => words(one.name));
  const panels = parameters.map((one) => {
    const points = (Array.isArray(one.points) ? one.points : []).filter((point) => Array.isArray(point) && point.every(isNumber));
    if (points.length < 2) return null;
    const unit = hasUnit(one.unit) ? ' (' + one.unit + ')' : '';
    return element('div', { class: 'panel' }, element('h4', {}, words(one.name)),
      scatter(block(), { points, height: 220, xLabel: 'True ' + words(one.name) + unit, yLabel: 'Fitted' + unit,
        label: 'True and fitted values of ' + words(one.name) + ', r = ' + format(number(one.r), 2) }),
      element('p', { class: 'muted' }, 'r = ' + format(number(one.r), 2) + ', bias ' + format(number(one.bias)) + ', slope ' +
        format(number(one.slope), 2) + '; 90% intervals hold ' + format(100 * number(one.covered_90), 0) + '% of true values'));
  }).filter(Boolean);
  if (!panels.length) return null;
  return figure('Could these data tell? Recovery of ' + name,
    'Learners with one draw of everybody’s fitted parameters played the subjects’ own schedules (' + words(recovery.task) + ') and were fitted again. ' +
    'The line is where fitted equals true.' +
    (lost.length ? ' Not identified at this design (r below 0.5): ' + lost.join(', ') + '. Do not correlate subjects’ values of these with anything.' : '') +
    listOf(recovery.trade_offs).map((one) => ' ' + words(one.a) + ' and ' + words(one.b) + ' trade off (errors correlate at ' + format(number(one.r), 2) + ').').join(''),
    element('div', { class: 'panels' }, panels));
}

function subjectsFigure(fit, name) {
  const panels = listOf(fit.parameters).map((parameter) => {
    const subjects = listOf(parameter.subjects).filter((one) => isNumber(one.mean));
    if (subjects.length < 2) return null;
    return panel(words(parameter.name), rankedIntervals(block(), { height: 190, color: 'var(--c1)',
      items: subjects.map((one) => ({ name: words(one.subject), value: one.mean, low: number(one.low), high: number(one.high) })),
      yLabel: withUnit(words(parameter.name), parameter.unit), xLabel: 'Rank of the subject', label: 'Subjects’ values of ' + words(parameter.name) }));
  }).filter(Boolean);
  if (!panels.length) return null;
  return element('details', {}, element('summary', {}, 'Each subject, ' + name),
    figure('Each subject’s parameters', 'Posterior means in rising order with 95% intervals. Intervals much wider than the rise of the means say ' +
      'that subjects cannot be told apart.', element('div', { class: 'panels' }, panels)));
}

function chainsFigure(fit, name) {
  const panels = listOf(fit.parameters).map((parameter) => {
    const ranks = Array.isArray(parameter.ranks) ? parameter.ranks.filter(Array.isArray) : [];
    if (!ranks.length) return null;
    const series = ranks.map((counts, chain) => ({ key: 'chain-' + chain, name: 'chain ' + (chain + 1), color: 'var(--c' + (1 + chain % 8) + ')',
      data: counts.map((count, bin) => ({ x: (bin + 0.5) / counts.length, value: count })) }));
    return panel(words(parameter.name), rankLines(block(), { series, height: 150, xLabel: 'Rank among all draws (share)', yLabel: 'Draws',
      label: 'Ranks of each chain’s draws of ' + words(parameter.name) }));
  }).filter(Boolean);
  if (!panels.length) return null;
  const group = isObject(fit.group) ? fit.group : {};
  const rows = Object.entries(group).filter((entry) => isObject(entry[1])).map(([quantity, one]) =>
    [quantity, formatEstimate(drawn(one)), format(number(one.sd)), format(number(one.rhat), 3), format(number(one.ess_bulk), 0),
     format(number(one.ess_tail), 0)]);
  return element('details', {}, element('summary', {}, 'All values, and whether chains agree, ' + name),
    figure('Do chains agree?', 'Each line is a chain: how its draws rank among those of all chains. Level lines, within chance, say that chains agree.',
      element('div', { class: 'panels small' }, panels)),
    table(['Quantity', 'Mean [95% interval]', 'sd', 'R-hat', 'Bulk ESS', 'Tail ESS'], rows, 'Posterior of ' + name));
}

// ---- agents in every cell, and the people beside them ----

function cellsFigure(results, id, fits) {
  const model = words(fits[0].model);
  const people = results.groupFits.filter((fit) => fit.of !== 'agents' && words(fit.model) === model && !isObject(fit.effects));
  const several = (key) => unique(fits.map((fit) => words(fit[key]))).length > 1;
  const cellName = (fit) => [several('variant') ? words(fit.variant) : '', several('agent') ? words(fit.agent) : '',
    several('condition') || !several('agent') ? words(fit.condition) : ''].filter(Boolean).join(', ');
  const names = unique(d3.merge(fits.map((fit) => listOf(fit.parameters).map((parameter) => words(parameter.name)))));
  const panels = names.map((name) => {
    const estimate = (fit) => drawn(isObject(fit.group) ? fit.group[name] : null);
    const rows = fits.map((fit) => ({ name: cellName(fit), color: conditionStyle(results, words(fit.condition)).color, estimate: estimate(fit) }))
      .concat(people.map((fit) => ({ name: 'People: ' + words(fit.data), color: 'var(--people)', diamond: true, estimate: estimate(fit) })))
      .filter((row) => isNumber(row.estimate.value));
    const unit = (listOf(fits[0].parameters).find((one) => one.name === name) || {}).unit;
    return rows.length ? panel(name, dotRows(block(), { rows, xLabel: withUnit(name, unit), label: name + ' of ' + model + ' in every cell' })) : null;
  }).filter(Boolean);
  const doubtful = fits.filter((fit) => isObject(fit.diagnostics) && Array.isArray(fit.diagnostics.warnings) && fit.diagnostics.warnings.length);
  return [
    figure('From circuit to parameters: ' + model + ' fitted to the choices of every cell',
      'The same learner fitted to agents as to people: the median subject with its 95% interval. Where a lesion moves a dot, it moves that parameter.' +
      (people.length ? ' Diamonds are people.' : ''), element('div', { class: 'panels' }, panels)),
    doubtful.length ? element('details', {}, element('summary', {}, 'Warnings of ' + plural(doubtful.length, 'fit')),
      element('ul', {}, doubtful.map((fit) => fit.diagnostics.warnings.map((text) =>
        element('li', {}, words(fit.group_name) + ': ' + words(text)))))) : null,
    element('details', {}, element('summary', {}, 'All values, ' + id),
      table(['Cell', 'Subjects', 'Decisions', 'R-hat', 'Effective draws'].concat(names),
        fits.map((fit) => [words(fit.group_name), format(number(fit.subjects), 0), format(number(fit.observations), 0),
          format(number((fit.diagnostics || {}).max_rhat), 3), format(number((fit.diagnostics || {}).min_ess_bulk), 0)]
          .concat(names.map((name) => formatEstimate(drawn(isObject(fit.group) ? fit.group[name] : null))))), 'Fits of every cell')),
  ];
}
