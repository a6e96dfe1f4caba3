// What a network's card recorded over time: one panel a record, one line a condition, the first network of each.

function tracesOf(network) { return Array.isArray(network.traces) ? network.traces.filter(isObject) : []; }

function recordedPoints(trace) {
  return (trace.t_ms || []).map((t, k) => ({ x: t / 1000, mean: trace.value[k] })).filter((point) => isNumber(point.mean));
}

function recordedPanel(results, record) {
  const series = results.networks.map((network) => {
    const trace = tracesOf(network).find((one) => one.kind === record.kind && one.name === record.name);
    return Object.assign({ name: network.condition, data: trace ? recordedPoints(trace) : [] }, conditionStyle(results, network.condition));
  }).filter((one) => one.data.length);
  const values = d3.merge(series.map((one) => one.data.map((point) => point.mean)));
  const domain = d3.scale.linear().domain(paddedDomain(values, 0.05)).nice(8).domain();
  if (d3.min(values) >= 0) domain[0] = Math.max(0, domain[0]);
  const unit = hasUnit(record.unit) ? words(record.unit) : 'no unit';
  return panel(record.kind === 'rate' ? 'Rate of ' + record.name : record.name, linePanel(block(), {
    label: record.name + ' over time: ' + series.map((one) => one.name).join(', '), series, yDomain: domain,
    xLabel: 'Time, s', yLabel: [words(record.about) + ', ' + unit, unit], height: 220, tipTitle: (x) => format(x) + ' s' }));
}

function recordedTraces(results) {
  const networks = results.networks.filter((network) => tracesOf(network).length);
  if (!networks.length) return null;
  const records = tracesOf(networks[0]);
  const keys = networks.map((network) => Object.assign({ name: network.condition }, conditionStyle(results, network.condition)));
  return section('recorded', 'What was recorded', figure('Over time, in the first network of each condition',
    'A point is the mean of what was recorded since the last one, over at most ' + format(d3.max(records, (one) => one.every_ms)) +
    ' ms; traces.h5 has every value.',
    legend(keys), element('div', { class: 'panels traces', style: '--columns:' + Math.min(2, records.length) },
      records.map((record) => recordedPanel(results, record)))));
}
