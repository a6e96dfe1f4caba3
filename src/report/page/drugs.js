// Drugs: what a dose takes and does over doses, what happens in bursts and pauses, and how sure the numbers are.

function drugsSection(results) {
  const entries = results.pharmacology;
  if (!entries.length) return null;
  const doses = d3.merge(entries.map((entry) => listOf(entry.doses)));
  const names = unique(doses.filter((dose) => dose.own !== true).map((dose) => words(dose.drug)));
  return section('drugs', 'Drugs',
    element('p', { class: 'muted' }, 'What doses do to modulators and receptors, by the equations from which agents’ handles are set. ' +
      'Most constants are unsure' + (names.length ? ': ' : '.'), names.map((name, i) => [i ? ', ' : '', element('code', {}, 'labile describe drug ' + name)]),
      names.length ? (names.length > 1 ? ' say' : ' says') + ' which, and where they come from.' : '',
      doses.some((dose) => dose.own === true) ? ' The card’s own drugs stand in the card.' : ''),
    doseFigure(results, entries), drugTraces(results, entries), takenFigure(results, entries), levelsTables(entries));
}

function placeName(name) { return words(name).replace(/_/g, ' '); }
function numbersOf(list) { return Array.isArray(list) ? list.map(number) : []; }
function pointsOf(xs, values) {
  return numbersOf(values).map((mean, i) => ({ x: xs[i], mean })).filter((point) => isNumber(point.x));
}
function keyList(series) {
  return element('div', { class: 'keys' }, series.map((one) => element('span', {}, swatch(one), one.name)));
}
function wherePhrase(dose) {
  const regions = Array.isArray(dose.regions) ? dose.regions.map(placeName) : [];
  return (dose.chronic === true ? ', chronic' : isNumber(dose.hours) ? ', ' + words(dose.hours) + ' h after it was taken' : ', at its peak') +
    (regions.length ? ', in ' + regions.join(' and ') + ' alone' : '');
}

// ---- dose and effect ----

// Panels of all rows are as wide as those of the fullest.
function evenRows(rows) {
  const most = Math.max(2, Math.min(4, d3.max(rows, (row) => row.querySelectorAll('.panel').length) || 0));
  rows.forEach((row) => row.querySelector('.panels').setAttribute('style', '--columns:' + most));
  return rows;
}

function doseFigure(results, entries) {
  const rows = evenRows(d3.merge(entries.map((entry) => listOf(entry.dose_response).map((curve) => doseRow(entry, curve)))).filter(Boolean));
  if (!rows.length) return null;
  return figure('Dose and effect, one drug at a time',
    'Share of places that the drug takes while the modulator at rest competes, and what agents’ handles are set to (1 is intact, da.tonic 0). ' +
    'Solid vertical lines: the dose given; dashed: the usual dose of studies. Over hours, the drug follows its course in plasma.', rows);
}

function doseRow(entry, curve) {
  const grid = numbersOf(curve.grid);
  if (grid.length < 2) return null;
  const name = words(curve.drug);
  const common = { height: 210, log: true, xDomain: d3.extent(grid), xLabel: 'Dose (' + words(curve.unit) + ', log scale)', marks: doseMarks(curve),
                   tipTitle: (dose) => format(dose) + ' ' + words(curve.unit) + ' of ' + name };
  const sites = listOf(curve.sites);
  const siteNames = unique(sites.map(siteName));
  const panels = unique(sites.map((site) => words(site.region))).map((region) => dosePanel(Object.assign({}, common, {
    title: 'Places taken, ' + placeName(region), yLabel: 'Share of places', yDomain: [0, 1],
    series: sites.filter((site) => site.region === region).map((site) => Object.assign(lineStyle(siteNames.indexOf(siteName(site))),
      { name: siteName(site), data: pointsOf(grid, site.taken) })) }), name));
  const releases = listOf(curve.releases);
  if (releases.length) {
    panels.push(dosePanel(Object.assign({}, common, { title: 'Release', yLabel: 'Release (times intact)', levels: [1],
      series: mergedSeries(releases, (one) => words(one.modulator), (one) => one.times, grid) }), name));
  }
  panels.push(coursePanel(curve, name));
  const handles = listOf(curve.handles);
  if (handles.length) {
    panels.push(dosePanel(Object.assign({}, common, { title: 'Handles of agents', yLabel: 'Handle (no unit)',
      levels: unique(handles.map((one) => number(one.intact))).filter(isNumber),
      series: handles.map((one, i) => Object.assign(lineStyle(i), { name: words(one.handle), data: pointsOf(grid, one.values) })) }), name));
  }
  return element('div', { class: 'dose-row' },
    element('h4', {}, words(entry.condition) + ': ' + name + wherePhrase(curve)),
    element('div', { class: 'panels traces' }, panels.filter(Boolean)),
    weakLine(listOf(curve.rests_on).concat(isObject(curve.course) ? listOf(curve.course.rests_on) : [])),
    words(curve.refused) ? element('p', { class: 'muted' }, 'Lines end where the model has no answer: ' + words(curve.refused) + '.') : null);
}

// One line where regions have the same; its regions are named unless they are all.
function mergedSeries(list, nameOf, valuesOf, xs) {
  const key = (one) => nameOf(one) + JSON.stringify(valuesOf(one));
  return unique(list.map(key)).map((wanted, i) => {
    const same = list.filter((one) => key(one) === wanted);
    return Object.assign(lineStyle(i), { data: pointsOf(xs, valuesOf(same[0])),
      name: nameOf(same[0]) + (same.length > 1 && same.length === list.filter((one) => nameOf(one) === nameOf(same[0])).length
        ? '' : ', ' + same.map((one) => placeName(one.region)).join(' and ')) });
  });
}

// What the dose given does over the hours; autoreceptors go with their receptors.
function coursePanel(curve, name) {
  const course = isObject(curve.course) ? curve.course : {};
  const hours = numbersOf(course.hours);
  if (hours.length < 2) return null;
  const sites = listOf(course.sites).filter((site) => site.kind !== 'autoreceptor');
  const common = { height: 210, xDomain: d3.extent(hours), xLabel: 'Time since it was taken (h)', over: 'hours after',
                   marks: [{ at: number(course.read), name: 'agents feel it' }], tipTitle: (at) => format(at) + ' h after ' + name };
  return dosePanel(Object.assign(common, sites.length
    ? { title: 'Places taken after ' + words(curve.amount) + ' ' + words(curve.unit), yLabel: 'Share of places', yDomain: [0, 1],
        series: mergedSeries(sites, siteName, (site) => site.taken, hours) }
    : { title: 'Release after ' + words(curve.amount) + ' ' + words(curve.unit), yLabel: 'Release (times intact)', levels: [1],
        series: mergedSeries(listOf(course.releases), (one) => words(one.modulator), (one) => one.times, hours) }), name);
}

function dosePanel(spec, drug) {
  const values = d3.merge(spec.series.map((one) => one.data.map((point) => point.mean))).filter(isNumber);
  const yDomain = spec.yDomain || d3.scale.linear().domain(paddedDomain(values.concat(spec.levels || []), 0.08)).nice(5).domain();
  return element('div', { class: 'panel' }, element('h4', {}, spec.title), keyList(spec.series),
    linePanel(block(), Object.assign({}, spec, { yDomain, label: spec.title + ' over ' + (spec.over || 'doses of') + ' ' + drug + ': ' + spec.series.map((one) => one.name).join(', ') })));
}

function doseMarks(curve) {
  const given = number(curve.amount);
  const usual = number(curve.usual);
  const same = given > 0 && usual > 0 && Math.abs(Math.log(given / usual)) < 0.01;
  return [{ at: given, name: 'given' + (same ? ', usual' : '') }].concat(same ? [] : [{ at: usual, name: 'usual', dash: '4 3' }])
    .filter((mark) => mark.at > 0);
}

function siteName(site) {
  const kind = words(site.kind);
  return words(site.site) + (kind === 'autoreceptor' ? ' autoreceptor' : kind === 'transporter' ? ' (' + words(site.modulator) + ')' : '');
}
function lineStyle(i) { return { color: 'var(--c' + (1 + i % (kColors - 1)) + ')', dash: ['', '7 3', '2 2'][Math.floor(i / 4) % 3] }; }

// Constants that are not established, with the word that is given for each.
function weakConstants(list) {
  const text = (basis) => words(basis.what) + ': ' + format(number(basis.value)) + (hasUnit(basis.unit) ? ' ' + words(basis.unit) : '') +
    ' (' + words(basis.sure) + ')';
  return unique(kWeak.map((word) => list.filter((basis) => basis.sure === word).map(text)).flat()).join('; ');
}
const kWeak = ['guess', 'unsure', 'ours', 'card'];

function weakLine(list) {
  const weak = weakConstants(list);
  return weak ? element('p', { class: 'muted' }, 'Not established: ' + weak + '.') : null;
}

// ---- bursts and pauses ----

function drugTraces(results, entries) {
  const all = d3.merge(entries.map((entry) => listOf(entry.traces).map((trace) => ({ entry, trace }))));
  if (!all.length) return null;
  const place = (one) => words(one.trace.modulator) + ', ' + placeName(one.trace.region);
  const rows = evenRows(unique(all.map(place)).map((name) => traceRow(results, name, all.filter((one) => place(one) === name))).filter(Boolean));
  if (!rows.length) return null;
  const shown = results.conditions.filter((condition, i) => i === 0 || entries.some((entry) => entry.condition === condition));
  return figure('Through a burst and a pause',
    'Concentrations and activations while the nucleus fires at its rate of bursts and then falls silent, with the drugs and intact. What no drug changes ' +
    'by more than one in a hundred is left out.',
    legend(shown.map((condition) => Object.assign({ name: condition }, conditionStyle(results, condition)))), rows);
}

// By more than one in a hundred of the largest value.
function changes(intact, drug) {
  const [before, after] = [numbersOf(intact), numbersOf(drug)];
  const most = d3.max(before) || 0;
  return after.some((value, i) => isNumber(value) && isNumber(before[i]) && Math.abs(value - before[i]) > 0.01 * most);
}

function traceRow(results, name, members) {
  const receptors = unique(d3.merge(members.map((one) => listOf(one.trace.receptors).map((receptor) => words(receptor.receptor)))));
  const signal = (title, yLabel, of) => {
    const drawn = members.map((one) => ({ entry: one.entry, at: of(one.trace) })).filter((one) => one.at && changes(one.at.intact, one.at.drug));
    if (!drawn.length) return null;
    const times = isObject(drawn[0].entry.trace_times) ? drawn[0].entry.trace_times : {};
    const ms = numbersOf(times.ms);
    const series = [Object.assign({ name: results.reference, data: pointsOf(ms, drawn[0].at.intact) }, conditionStyle(results, results.reference))]
      .concat(drawn.map((one) => Object.assign({ name: words(one.entry.condition), data: pointsOf(ms, one.at.drug) },
                                               conditionStyle(results, one.entry.condition))));
    const most = d3.max(d3.merge(series.map((one) => one.data.map((point) => point.mean)))) || 1;
    const shades = ['burst', 'pause'].map((phase) => ({ name: phase, from: numbersOf(times[phase])[0], to: numbersOf(times[phase])[1] }))
      .filter((shade) => isNumber(shade.from) && isNumber(shade.to));
    return panel(title, linePanel(block(), { label: title + ' through a burst and a pause: ' + series.map((one) => one.name).join(', '),
      series, shades, height: 168, xLabel: 'Time since the burst began (ms)', yLabel, xDomain: d3.extent(ms.concat(ms.length ? [] : [0, 1])),
      yDomain: d3.scale.linear().domain([0, most * 1.12]).nice(4).domain(), tipTitle: (at) => format(at, 0) + ' ms' }));
  };
  const panels = [signal(name, 'Concentration (µM)', (trace) => trace)].concat(receptors.map((receptor) =>
    signal(receptor + ', ' + placeName(members[0].trace.region), 'Activation (share)', (trace) =>
      listOf(trace.receptors).find((one) => one.receptor === receptor)))).filter(Boolean);
  if (!panels.length) return null;
  return element('div', {}, element('div', { class: 'panels traces' }, panels));
}

// ---- tables ----

function regionsOf(entries, list) {
  return unique(d3.merge(entries.map((entry) => listOf(entry[list]).map((one) => words(one.region)))));
}

function takenFigure(results, entries) {
  const regions = unique(regionsOf(entries, 'sites').concat(regionsOf(entries, 'releases')));
  const tables = regions.map((region) => {
    const rows = d3.merge(entries.map((entry) =>
      listOf(entry.sites).filter((site) => site.region === region && number(site.taken) !== 0).map((site) =>
        [words(entry.condition), words(site.site), words(site.kind), format(number(site.taken), 2), words(site.sure)])
        .concat(listOf(entry.releases).filter((one) => one.region === region && number(one.times) !== 1).map((one) =>
          [words(entry.condition), words(one.modulator), 'release', format(number(one.times), 2) + ' times intact', words(one.sure)]))));
    if (!rows.length) return null;
    return [element('h4', { class: 'region' }, placeName(region)),
            table(['Condition', 'Site', 'What', 'Share taken', 'How sure'], rows, 'What drugs take in ' + placeName(region))];
  }).filter(Boolean);
  if (!tables.length) return null;
  const constants = d3.merge(d3.merge(entries.map((entry) => listOf(entry.sites).concat(listOf(entry.releases)).map((one) => listOf(one.rests_on)))));
  return figure('What the drugs hold, region by region',
    'Share of each receptor, transporter or enzyme that the drugs of a condition take together at rest. How sure: the weakest constant of drug and site.',
    tables, weakLine(constants));
}

// Concentrations and activations that change by more than one in a hundred.
function levelsTables(entries) {
  const arrow = (a, b) => (isNumber(a) || isNumber(b) ? format(number(a)) + ' → ' + format(number(b)) : kMissing);
  const rows = d3.merge(entries.map((entry) => listOf(entry.concentrations).filter((one) => changes([one.intact], [one.drug])).map((one) =>
    [words(entry.condition), placeName(one.region), words(one.modulator) + ' (µM)', arrow(one.intact, one.drug), kMissing, kMissing, words(one.sure)])
    .concat(listOf(entry.activations).map((one) => {
      const [intact, drug] = [one.intact, one.drug].map((phases) => (isObject(phases) ? phases : {}));
      if (!['rest', 'burst', 'pause'].some((phase) => changes([intact[phase]], [drug[phase]]))) return null;
      return [words(entry.condition), placeName(one.region), words(one.receptor) + ' (share activated)', arrow(intact.rest, drug.rest), arrow(intact.burst, drug.burst),
              arrow(intact.pause, drug.pause), words(one.sure)];
    }).filter(Boolean))));
  if (!rows.length) return null;
  return element('details', {}, element('summary', {}, 'Concentrations and activations, intact → drug'),
    table(['Condition', 'Region', 'Of', 'At rest', 'Height of a burst', 'Depth of a pause', 'How sure'], rows, 'Concentrations and activations'),
    element('p', { class: 'muted' }, 'How sure: of concentrations the weakest constant of release and uptake, of activations the weakest of the receptor’s own.'));
}
