// results.json as the page sees it: checked once, indexed once, with nothing undefined left in it.

const kModulators = ['da', 'ach', 'ne', 'ser'];
const kSignalNames = {
  da: 'Dopamine', ach: 'Acetylcholine', ne: 'Noradrenaline', ser: 'Serotonin', correct: 'P(correct)',
  belief: 'Belief', learning_rate: 'Learning rate', delta: 'Prediction error',
};
const kColors = 9;   // --c0 (reference) to --c8 in report.css

function readResults(text) {
  let raw;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new Error('results.json cannot be read as JSON: ' + error.message);
  }
  if (!isObject(raw)) throw new Error('results.json should hold one object.');

  const problems = [];
  const list = (name, accept, kind) => {
    const value = raw[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      problems.push('"' + name + '" should be a list; it is left out.');
      return [];
    }
    const good = value.filter(accept);
    if (good.length < value.length) {
      problems.push('"' + name + '" holds ' + plural(value.length - good.length, 'entry', 'entries') +
                    ' that should be ' + kind + '; left out.');
    }
    return good;
  };
  const isText = (x) => typeof x === 'string';

  const results = {
    title: words(raw.title) || 'Untitled run', about: words(raw.about), tunedOn: words(raw.tuned_on),
    metrics: list('metrics', isObject, 'an object').map(readMetric),
    cells: list('cells', isObject, 'an object').map(readCell),
    effects: list('effects', isObject, 'an object'),
    predictions: list('predictions', isObject, 'an object'),
    fits: list('fits', isObject, 'an object'),
    groupFits: list('group_fits', isObject, 'an object'),
    fitComparisons: list('fit_comparisons', isObject, 'an object'),
    pharmacology: list('pharmacology', isObject, 'an object'),
    networks: list('networks', isObject, 'an object'),
    notes: list('notes', isText, 'text'),
    card: isObject(raw.card) ? raw.card : {},
    manifest: isObject(raw.manifest) ? raw.manifest : {},
    problems,
  };
  const simulated = results.cells.filter((cell) => !cell.people);
  const named = (name, from) => unique(list(name, isText, 'text').concat(from));
  results.simulated = simulated;
  results.people = results.cells.filter((cell) => cell.people);
  results.variants = named('variants', simulated.map((cell) => cell.variant));
  results.agents = named('agents', simulated.map((cell) => cell.agent));
  results.conditions = named('conditions', simulated.map((cell) => cell.condition));
  results.reference = results.conditions[0];
  indexResults(results);
  return results;
}

function readMetric(raw) {
  const id = words(raw.id);
  return { id, label: words(raw.label) || id, unit: words(raw.unit), about: words(raw.about),
           direction: words(raw.direction) };
}

function readCell(raw) {
  const source = words(raw.source);
  const curves = {};
  (Array.isArray(raw.curves) ? raw.curves : []).filter(isObject).forEach((curve) => {
    const points = readPoints(curve);
    const signal = words(curve.signal);
    if (points.length && !curves[signal]) {
      curves[signal] = { points, label: words(curve.label) || kSignalNames[signal] || signal, unit: words(curve.unit) };
    }
  });
  return { variant: words(raw.variant), agent: words(raw.agent), condition: words(raw.condition), source,
           people: source.startsWith('people'), data: words(raw.data), subjects: number(raw.subjects),
           metrics: isObject(raw.metrics) ? raw.metrics : {}, curves };
}

// Only points with a mean are drawn; a missing bound narrows the band to the line there.
function readPoints(curve) {
  const column = (name) => (Array.isArray(curve[name]) ? curve[name] : []);
  const [x, mean, low, high] = ['x', 'mean', 'low', 'high'].map(column);
  return x.map((at, i) => ({
    x: at, mean: number(mean[i]),
    low: isNumber(low[i]) ? low[i] : number(mean[i]), high: isNumber(high[i]) ? high[i] : number(mean[i]),
  })).filter((point) => isNumber(point.x)).sort((a, b) => a.x - b.x);
}

function indexResults(results) {
  const join = (...parts) => parts.map(words).join('\u0001');
  const cells = new Map();
  const effects = new Map();
  results.simulated.forEach((cell) => {
    const at = join(cell.variant, cell.agent, cell.condition);
    if (!cells.has(at)) cells.set(at, cell);
  });
  results.effects.forEach((effect) => {
    effects.set(join(effect.variant, effect.agent, effect.condition, effect.metric), effect);
  });
  results.cell = (variant, agent, condition) => cells.get(join(variant, agent, condition)) || null;
  results.effect = (variant, agent, condition, metric) => effects.get(join(variant, agent, condition, metric)) || null;
  results.metric = (id) => results.metrics.find((metric) => metric.id === id) || readMetric({ id });

  // One panel per variant and agent that was simulated; the agent is named only where there is a choice.
  results.panels = [];
  results.variants.forEach((variant) => results.agents.forEach((agent) => {
    if (!results.simulated.some((cell) => cell.variant === variant && cell.agent === agent)) return;
    results.panels.push({ variant, agent, name: results.agents.length > 1 ? [variant, agent].filter(Boolean).join(' · ') : variant });
  }));
}

function estimateOf(cell, metric) {
  const estimate = cell && cell.metrics[metric];
  return isObject(estimate) && isNumber(estimate.value) ? estimate : null;
}

// Color, dash and key of a condition: the same everywhere on the page. Dashes help from the sixth on, where colors grow
// alike; colors and dashes repeat after different counts, so that no two of the first twenty look the same.
function conditionStyle(results, condition) {
  const index = results.conditions.indexOf(condition);
  const color = index > 0 ? 1 + (index - 1) % (kColors - 1) : 0;
  const dash = index > 0 ? ['', '7 3', '2 2', '8 2 2 2'][Math.floor((index - 1) / 5) % 4] : '';
  return { key: 'condition-' + index, color: 'var(--c' + color + ')', dash, reference: index === 0 };
}

const kPeopleStyle = { key: 'people', color: 'var(--people)', dash: '5 3', points: true };

function peopleName(results, cell) {
  const parts = [cell.data || cell.source];
  const distinct = unique(results.people.map((other) => other.condition)).length > 1;
  if (distinct && cell.condition) parts.push(cell.condition);
  return 'People: ' + parts.join(', ');
}

function relationText(text) {
  return words(text).replace(/>=/g, '≥').replace(/<=/g, '≤').replace(/-(?=[\d.])/g, '−');
}

// How strongly a cell differs from the reference: pooled sd where it exists, doublings otherwise.
function effectStrength(effect) {
  const read = (name) => (effect && isObject(effect[name]) ? number(effect[name].value) : null);
  const d = read('d');
  if (d !== null) return { value: d, kind: 'd' };
  const ratio = read('ratio');
  if (ratio !== null && ratio > 0) return { value: Math.log(ratio) / Math.LN2, kind: 'log2' };
  return null;
}

// The values a relation accepts, read from its text: 'ratio >= 1.6', 'difference < 0', 'within 5%', 'within 5% of 3',
// 'between 0.4 and 0.6'. Null where the text says something else; the text itself is always shown.
function parseRelation(text) {
  const number = '([-+−]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?)\\s*(%?)';
  const read = (digits, percent) => Number(digits.replace('−', '-')) / (percent ? 100 : 1);
  const head = /^\s*([a-z][a-z ]*?)?\s*(?=[<>=≥≤±]|within\b|between\b)/i.exec(words(text));
  if (!head) return null;
  const quantity = (head[1] || '').toLowerCase();
  const rest = text.slice(head[0].length);
  const match = (pattern) => new RegExp('^' + pattern + '\\s*$', 'i').exec(rest);

  let found = match('(>=|≥|>)\\s*' + number);
  if (found) return { quantity, low: read(found[2], found[3]), high: Infinity };
  found = match('(<=|≤|<)\\s*' + number);
  if (found) return { quantity, low: -Infinity, high: read(found[2], found[3]) };
  found = match('between\\s*' + number + '\\s*and\\s*' + number);
  if (found) return { quantity, low: read(found[1], found[2]), high: read(found[3], found[4]) };
  found = match('within\\s*' + number + '(?:\\s*of\\s*' + number + ')?');
  if (!found) return null;
  const width = read(found[1], found[2]);
  const share = found[2] === '%';
  const center = found[3] !== undefined ? read(found[3], found[4]) : share && quantity !== 'difference' ? 1 : 0;
  const half = share && center !== 0 ? Math.abs(center) * width : width;
  return { quantity: quantity || (share ? 'ratio' : 'difference'), low: center - half, high: center + half };
}
