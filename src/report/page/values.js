// Numbers, words and page elements: the small tools that every chart uses.

const kMissing = '–';
const kDimensionless = ['', '1', 'none'];

function isNumber(x) { return typeof x === 'number' && isFinite(x); }
function isObject(x) { return x !== null && typeof x === 'object' && !Array.isArray(x); }
function number(x) { return isNumber(x) ? x : null; }
function words(x) { return typeof x === 'string' ? x : isNumber(x) ? String(x) : ''; }
function unique(list) { return Array.from(new Set(list)); }

// Three significant digits, never fewer than the whole part has.
function decimalsOf(x) {
  if (!isNumber(x) || x === 0) return 0;
  const digits = 2 - Math.floor(Math.log10(Math.abs(x)));
  return Math.max(0, Math.min(6, digits));
}

function format(x, decimals) {
  if (!isNumber(x)) return kMissing;
  const size = Math.abs(x);
  if (size >= 1e9 || (size !== 0 && size < 1e-4 && decimals === undefined)) return x.toExponential(2).replace('-', '−');
  const places = decimals === undefined ? decimalsOf(x) : decimals;
  const text = size.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
  return x < 0 && /[1-9]/.test(text) ? '−' + text : text;
}

function formatRange(estimate) {
  if (!isObject(estimate) || !isNumber(estimate.low) || !isNumber(estimate.high)) return '';
  const places = decimalsOfEstimate(estimate);
  return '[' + format(estimate.low, places) + ', ' + format(estimate.high, places) + ']';
}

// An interval decides how many digits of its estimate mean something: two digits of its width.
function decimalsOfEstimate(estimate) {
  const width = estimate.high - estimate.low;
  if (!(width > 0)) return decimalsOf(estimate.value);
  return Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(width))));
}

function formatEstimate(estimate) {
  if (!isObject(estimate) || !isNumber(estimate.value)) return kMissing;
  return [format(estimate.value, decimalsOfEstimate(estimate)), formatRange(estimate)].filter(Boolean).join(' ');
}

function hasUnit(unit) { return kDimensionless.indexOf(words(unit)) < 0; }
function withUnit(label, unit) { return hasUnit(unit) ? label + ' (' + unit + ')' : label + ' (no unit)'; }

function plural(count, one, many) { return format(count, 0) + ' ' + (count === 1 ? one : many || one + 's'); }

// All page text goes through text nodes and attributes, never through markup: whatever a title holds stays text.
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  Object.entries(attributes || {}).forEach(([name, value]) => {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  });
  children.flat(Infinity).forEach((child) => {
    if (child === null || child === undefined || child === '') return;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  });
  return node;
}

// SVG text does not wrap; a line break every `limit` characters is near enough at one font size.
function wrapText(text, limit) {
  const lines = [];
  words(text).split(/\s+/).forEach((word) => {
    while (word.length > limit + 1) {
      lines.push(word.slice(0, limit) + '-');
      word = word.slice(limit);
    }
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + word.length + 1 <= limit) lines[last] += ' ' + word;
    else lines.push(word);
  });
  return lines;
}

function table(headings, rows, caption) {
  const cell = (tag, content, index) =>
    element(tag, { class: index > 0 && /^[−\d.,\s[\]×e–+]*$/.test(words(content)) ? 'number' : null,
                   scope: tag === 'th' ? 'col' : null }, content);
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element('table', {},
      element('thead', {}, element('tr', {}, headings.map((heading) => cell('th', heading, 0)))),
      element('tbody', {}, rows.map((row) => element('tr', {}, row.map((content, i) => cell('td', content, i)))))));
}

function section(id, title, ...content) {
  return element('section', { id, 'aria-labelledby': id + '-title' },
    element('h2', { id: id + '-title' }, title), content);
}

function figure(title, caption, ...content) {
  return element('figure', {},
    element('figcaption', {}, element('h3', {}, title), element('p', {}, caption)), content);
}

function panel(title, host) {
  return element('div', { class: 'panel' }, title ? element('h4', {}, title) : null, host);
}

function block() { return element('div', { class: 'plot' }); }
