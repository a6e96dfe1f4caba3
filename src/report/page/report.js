// The page: sections in reading order, each shown only when results.json holds what it draws.

// ---- header ----

function verdictCounts(results) {
  const known = kVerdicts.map((verdict) => verdict.id);
  const counts = {};
  results.predictions.forEach((prediction) => {
    const id = known.indexOf(prediction.verdict) < 0 ? 'not run' : prediction.verdict;
    counts[id] = (counts[id] || 0) + 1;
  });
  return counts;
}

function verdictSummary(results) {
  const total = results.predictions.length;
  if (!total) return null;
  const counts = verdictCounts(results);
  const tuned = results.predictions.filter((one) => one.tuned === true && one.verdict === 'supported').length;
  const rest = kVerdicts.slice(1).filter((verdict) => counts[verdict.id])
    .map((verdict) => format(counts[verdict.id], 0) + ' ' + verdict.id);
  const head = format(counts.supported || 0, 0) + ' of ' + plural(total, 'prediction') + ' supported';
  const bar = element('div', { class: 'verdict-bar', 'aria-hidden': 'true' },
    kVerdicts.filter((verdict) => counts[verdict.id]).map((verdict) =>
      element('span', { class: 'verdict-' + verdict.id.replace(' ', '-'), style: 'flex-grow:' + counts[verdict.id] })));
  return element('div', { class: 'summary' },
    element('p', { class: 'verdicts' }, [head].concat(rest).join(', ') + '.'), bar,
    tuned ? element('p', { class: 'muted' }, plural(tuned, 'supported prediction concerns', 'supported predictions concern') +
      ' a quantity that parameters were tuned on.') : null);
}

function header(results) {
  const subjects = unique(results.simulated.map((cell) => cell.subjects).filter(isNumber));
  const [least, most] = d3.extent(subjects);
  const facts = [
    ['Subjects per cell', subjects.length ? (least === most ? format(most, 0) : format(least, 0) + '–' + format(most, 0)) : ''],
    ['Agents', results.agents.join(', ')],
    ['Variants', results.variants.join('; ')],
    ['Conditions', results.conditions.length ? format(results.conditions.length, 0) : ''],
    ['Seed', words(results.manifest.seed)],
    ['Wall time', isNumber(results.manifest.wall_s) ? format(results.manifest.wall_s) + ' s' : ''],
  ].filter((fact) => fact[1] !== '');
  return element('header', {},
    element('p', { class: 'kind' }, 'Labile report'),
    element('h1', {}, results.title),
    results.about ? element('p', { class: 'about' }, results.about) : null,
    element('dl', { class: 'facts' }, facts.map(([name, value]) =>
      element('div', {}, element('dt', {}, name), element('dd', {}, value)))),
    verdictSummary(results),
    results.tunedOn ? element('p', { class: 'muted' }, 'Tuning: ' + results.tunedOn) : null,
    results.problems.length ? element('div', { class: 'problem', role: 'alert' },
      results.problems.map((problem) => element('p', {}, problem))) : null);
}

// ---- notes and origin ----

function notesSection(results) {
  if (!results.notes.length) return null;
  return section('notes', 'Notes', element('ul', {}, results.notes.map((note) => element('li', {}, note))));
}

function originSection(results) {
  const entries = Object.entries(results.manifest).filter((entry) => words(entry[1]) !== '');
  const text = words(results.card.text);
  if (!entries.length && !text) return null;
  const names = { wall_s: 'wall time (s)', peak_mb: 'peak memory (MB)' };
  return section('origin', 'How this was made',
    text ? element('details', {}, element('summary', {}, 'The card'),
      words(results.card.hash) ? element('p', { class: 'muted hash' }, 'hash ' + results.card.hash) : null,
      element('pre', { tabindex: 0 }, text)) : null,
    entries.length ? element('dl', { class: 'manifest' }, entries.map(([name, value]) =>
      element('div', {}, element('dt', {}, names[name] || name.replace(/_/g, ' ')), element('dd', {}, words(value))))) : null);
}

// ---- the page ----

function buildPage(results, main) {
  document.title = results.title + ' – Labile';
  const failures = [];
  [header, learningCurves, recordedTraces, modulatorTraces, otherTraces, lesionMatrices, predictionsSection, drugsSection, peopleSection, fitsSection, groupFitsSection,
   notesSection, originSection].forEach((part) => {
    // One part that cannot be drawn should not take the others with it.
    try {
      main.append(part(results) || '');
    } catch (error) {
      failures.push(part.name + ': ' + error.message);
      main.append(problemBox('A part of this page could not be drawn (' + part.name + '): ' + error.message));
    }
  });
  return failures;
}

function problemBox(text) { return element('div', { class: 'problem', role: 'alert' }, element('p', {}, text)); }

function watchPage() {
  let waiting = 0;
  window.addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawCharts, 120);
  });
  // What was folded has no width until it is unfolded.
  document.addEventListener('toggle', drawCharts, true);
  window.addEventListener('scroll', hideTip, { passive: true });
  document.addEventListener('pointerdown', (event) => { if (!event.target.closest('.hot')) hideTip(); });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hideTip(); });
  // Paper cannot be unfolded, and its charts are drawn at its own width, or their text would shrink with them.
  let folded = [];
  const fitTo = (paper) => {
    document.documentElement.classList.toggle('paper', paper);
    drawCharts();
  };
  window.addEventListener('beforeprint', () => {
    folded = Array.from(document.querySelectorAll('details:not([open])'));
    folded.forEach((node) => { node.open = true; });
    fitTo(true);
  });
  window.addEventListener('afterprint', () => {
    folded.forEach((node) => { node.open = false; });
    fitTo(false);
  });
}

function start() {
  const root = document.documentElement;
  const main = document.getElementById('report');
  try {
    const results = readResults(document.getElementById('results').textContent);
    const failures = buildPage(results, main);
    drawCharts();
    watchPage();
    if (failures.length) root.dataset.error = failures.join('; ');
  } catch (error) {
    main.append(problemBox('This report cannot be drawn. ' + error.message));
    root.dataset.error = error.message;
  }
  root.dataset.charts = document.querySelectorAll('svg.chart').length;
  root.dataset.scrollWidth = root.scrollWidth;
  root.dataset.clientWidth = root.clientWidth;
  root.dataset.ready = 'true';
}

start();
