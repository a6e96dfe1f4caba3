// Models fitted to choices: how well each explains them, and how its parameters spread over subjects.

function fitsSection(results) {
  if (!results.fits.length) return null;
  const sets = unique(results.fits.map((fit) => words(fit.data)));
  return section('fits', 'Models fitted to choices', sets.map((data) => {
    const fits = results.fits.filter((fit) => words(fit.data) === data)
      .sort((a, b) => (isNumber(a.bic) ? a.bic : Infinity) - (isNumber(b.bic) ? b.bic : Infinity) || 0);
    return fitFigures(data, fits);
  }));
}

function fitFigures(data, fits) {
  const best = d3.min(fits, (fit) => number(fit.bic));
  const delta = (fit) => (isNumber(fit.bic) && isNumber(best) ? fit.bic - best : null);
  const compared = fits.filter((fit) => delta(fit) !== null);
  const name = (fit) => words(fit.model) + (fits.filter((other) => other.model === fit.model).length > 1 ? ', ' + words(fit.method) : '');
  const out = [];
  if (compared.length > 1) {
    out.push(figure('How well each model explains ' + data,
      'A shorter bar is a better account of the choices after a charge for parameters; the best model has none.',
      barRows(block(), { xLabel: ['ΔBIC to the best model (deviance, −2 log L units)', 'ΔBIC (−2 log L units)'], label: 'Difference in BIC to the best model, ' + data,
        rows: compared.map((fit) => ({ name: name(fit), value: delta(fit), text: delta(fit) === 0 ? 'best' : '+' + format(delta(fit)),
                                       best: delta(fit) === 0 })) })));
  }
  fits.forEach((fit) => {
    const panels = (Array.isArray(fit.parameters) ? fit.parameters : []).filter(isObject).map(parameterPanel).filter(Boolean);
    if (!panels.length) return;
    out.push(figure('Parameters of ' + name(fit),
      'How the fitted values spread over subjects of ' + data + '; the dashed line is the median.',
      element('div', { class: 'panels small' }, panels)));
  });
  out.push(fitTable(data, fits, delta));
  return out;
}

function parameterPanel(parameter) {
  const shape = isObject(parameter.histogram) ? parameter.histogram : {};
  const edges = Array.isArray(shape.edges) ? shape.edges : [];
  const counts = Array.isArray(shape.counts) ? shape.counts : [];
  const bars = counts.map((count, i) => ({ from: edges[i], to: edges[i + 1], value: count,
    tip: plural(count, 'subject') + ' from ' + format(edges[i]) + ' to ' + format(edges[i + 1]) }))
    .filter((bar) => isNumber(bar.from) && isNumber(bar.to) && isNumber(bar.value) && bar.to > bar.from);
  if (!bars.length) return null;
  const name = words(parameter.name);
  const quartiles = formatEstimate({ value: parameter.median, low: parameter.q25, high: parameter.q75 });
  const host = histogram(block(), { bars, name, height: 158, yLabel: 'Subjects', xLabel: withUnit(name, parameter.unit),
    label: 'Histogram of ' + name + ' over subjects, median ' + format(number(parameter.median)),
    marks: [{ at: number(parameter.median) }] });
  return element('div', { class: 'panel' }, element('h4', {}, name), host,
    element('p', { class: 'muted' }, 'median [quartiles] ' + quartiles + '; mean ' + format(number(parameter.mean)) +
      ', sd ' + format(number(parameter.sd))));
}

function fitTable(data, fits, delta) {
  const tenth = (x) => (isNumber(x) ? format(x, 1) : kMissing);
  const count = (x) => (isNumber(x) ? format(x, 0) : kMissing);
  return table(['Model', 'ΔBIC', 'BIC', 'AIC', 'log L', 'Parameters per subject', 'At a bound', 'Subjects', 'Trials', 'Method'],
    fits.map((fit) => [words(fit.model), tenth(delta(fit)), tenth(fit.bic), tenth(fit.aic), tenth(fit.loglik),
                       count(fit.parameters_per_subject), count(fit.at_bound), count(fit.subjects), count(fit.trials),
                       words(fit.method)]),
    'Models fitted to ' + data);
}
