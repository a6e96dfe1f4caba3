#!/usr/bin/env python3
"""A small balanced network, static and with dopamine-modulated synapses, by Brian2: writes brian2_network.json.

    brian2_network.py [--seeds 1 2 3 4 5] [--seconds 10] [--out brian2_network.json]

1000 E and 250 I leaky integrate-and-fire neurons: C_m 250 pF, tau_m 20 ms, E_L 0, V_reset 0, V_th 20 mV, t_ref
2 ms, one exponential synaptic current with tau_syn 2 ms, dt 0.1 ms, integrated exactly. V(0) uniform in (0, 20) mV,
I(0) = 0. Every neuron receives from 100 E and 25 I neurons drawn with replacement (itself included), delay
1.5 ms, and its own Poisson spikes (drawn a step as binomial with 9000 tries at 1/9000 of the rate). A current
jumps by the weight. The network of 10,000 E and 2500 I neurons that this is a tenth of has weights of 20 and
-120 pA and 9000 Hz.

Networks: 'full_mean' has weights times 10 (as much mean recurrent current, fluctuations times sqrt 10: irregular),
'full_variance' has weights times sqrt 10 (as much variance: more regular, like the large one); the external rate is
lowered until E fire at about 13 and 8 Hz.

Variants: static; modulated, eta 0.01 per ms, hardly moves a weight; modulated_fast, eta 10 per ms, does. In both,
E->E synapses follow the rule of three_factor_trains.py with weights in pA from the static value, bounds 0 and twice
that, and a gate g = D - 1; D is a trace of 200 ms of 50 Poisson cells at 5 Hz, +1/50 a spike, D(0) = 0 (its mean
is 1). Arrivals deliver the clipped weight of that moment, before the eligibility is changed. Plastic from t = 0,
warm-up included. Exact event by event: each synapse keeps u = e exp(t/tau_e), constant between events, and
w += eta u (J(t) - J(last event)), J = integral from 0 of exp(-s/tau_e) g(s) ds.

Measures, over the seconds after the warm-up of 1 s, with mean and SD (ddof 1) over seeds:
    rate     spikes / (neurons * time)
    cv       mean over neurons with at least 5 spikes in the window of SD (ddof 0) / mean of their intervals, both
             spikes of an interval inside the window (short windows lower it: compare at the same length)
    fano     variance / mean of the number of E spikes in bins of 5 ms: 1 for independent Poisson neurons
    w, w_sd, w_max   mean, SD over synapses and largest weight at the end, in pA, not clipped after the last
             arrival; they depend on the dopamine each seed drew
A refractory neuron is held for exactly 20 steps: Brian2 counts from the label of the step that ended in the spike,
so it is told 2.1 ms. Needs Brian2 2.5 with numpy 1.26 and Cython 3.0.
"""
import argparse
import json
import os
import sys
import time

import brian2 as b2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
N_E, N_I, K_E, K_I = 1000, 250, 100, 25
DT_MS, WARM_UP_S = 0.1, 1.0
NETWORKS = dict(full_mean=dict(w_e_pa=200.0, w_i_pa=-1200.0, external_hz=8000.0, w_external_pa=20.0),
                full_variance=dict(w_e_pa=63.2456, w_i_pa=-379.4733, external_hz=6200.0, w_external_pa=20.0))
VARIANTS = dict(static=None, modulated=0.01, modulated_fast=10.0)  # eta per ms
RULE = dict(tau_plus_ms=20.0, tau_minus_ms=20.0, tau_e_ms=1000.0, A_plus=0.01, A_minus=0.0105, Wmax_over_W0=2.0)
DOPAMINE = dict(cells=50, hz=5.0, tau_ms=200.0, minus=1.0)
NEURON = '''
dv/dt = -v/tau_m + current/C_m : volt (unless refractory)
dcurrent/dt = -current/tau_syn : amp
'''
MODULATED = '''
dx/dt = -x/tau_plus : 1 (event-driven)
dy/dt = -y/tau_minus : 1 (event-driven)
w : 1
u : 1
seen : second
'''
ADVANCE = 'w += eta*u*(J(t) - seen); seen = J(t)\n'


def gate_integral(rng, seconds):
    """J at every step: g decays within a step, jumps lie on boundaries."""
    steps = int(round(seconds * 1000 / DT_MS)) + 2
    spikes = rng.poisson(DOPAMINE['cells'] * DOPAMINE['hz'] * DT_MS / 1000, steps)
    level, total, out = 0.0, 0.0, np.empty(steps)
    tau_e = RULE['tau_e_ms']
    both = 1 / (1 / tau_e + 1 / DOPAMINE['tau_ms'])
    d_part, one_part = -both * np.expm1(-DT_MS / both), -tau_e * np.expm1(-DT_MS / tau_e)
    for k in range(steps):
        out[k] = total
        level += spikes[k] / DOPAMINE['cells']
        total += np.exp(-k * DT_MS / tau_e) * (level * d_part - DOPAMINE['minus'] * one_part)
        level *= np.exp(-DT_MS / DOPAMINE['tau_ms'])
    return b2.TimedArray(out * b2.ms, dt=DT_MS * b2.ms)


def build(rng, seconds, config, eta_per_ms):
    ms, pa = b2.ms, b2.pA
    space = dict(tau_m=20 * ms, tau_syn=2 * ms, C_m=250 * b2.pF, pa=pa)
    n = N_E + N_I
    cells = b2.NeuronGroup(n, NEURON, threshold='v >= 20*mV', reset='v = 0*mV', refractory=2.1 * ms,
                           method='exact', namespace=space)
    cells.v = rng.uniform(0, 20, n) * b2.mV
    noise = b2.PoissonInput(cells, 'current', 9000, config['external_hz'] / 9000 * b2.Hz, config['w_external_pa'] * pa)
    from_e, from_i = rng.integers(0, N_E, (n, K_E)), rng.integers(N_E, n, (n, K_I))
    parts = [cells, noise]

    def static(sources, targets, weight):
        s = b2.Synapses(cells, cells, on_pre='current_post += weight', delay=1.5 * ms,
                        namespace=dict(weight=weight * pa))
        s.connect(i=sources.ravel(), j=np.repeat(targets, sources.shape[1]))
        parts.append(s)

    static(from_i, np.arange(n), config['w_i_pa'])
    plastic = None
    if eta_per_ms is None:
        static(from_e, np.arange(n), config['w_e_pa'])
    else:
        static(from_e[N_E:], np.arange(N_E, n), config['w_e_pa'])
        space = dict(tau_plus=RULE['tau_plus_ms'] * ms, tau_minus=RULE['tau_minus_ms'] * ms,
                     tau_e=RULE['tau_e_ms'] * ms, A_plus=RULE['A_plus'], A_minus=RULE['A_minus'],
                     eta=eta_per_ms / ms, Wmax=RULE['Wmax_over_W0'] * config['w_e_pa'],
                     J=gate_integral(rng, seconds), pa=pa)
        plastic = b2.Synapses(cells, cells, MODULATED, delay={'pre': 1.5 * ms}, namespace=space,
                              on_pre=ADVANCE + 'w = clip(w, 0, Wmax); current_post += w*pa\n'
                                               'u -= A_minus*y*exp(t/tau_e); x += 1',
                              on_post=ADVANCE + 'u += A_plus*x*exp(t/tau_e); y += 1')
        plastic.pre.order, plastic.post.order = 0, 1
        plastic.connect(i=from_e[:N_E].ravel(), j=np.repeat(np.arange(N_E), K_E))
        plastic.w = config['w_e_pa']
        parts.append(plastic)
    spikes = b2.SpikeMonitor(cells)
    return b2.Network(*parts, spikes), spikes, plastic


def cv_of_intervals(index, times, cells):
    order = np.lexsort((times, index))
    index, times = index[order], times[order]
    cvs = []
    for cell in cells:
        t = times[np.searchsorted(index, cell):np.searchsorted(index, cell + 1)]
        if len(t) >= 5:
            cvs.append(np.diff(t).std() / np.diff(t).mean())
    return float(np.mean(cvs)) if cvs else None


def measure(seed, seconds, config, eta_per_ms):
    b2.start_scope()
    b2.defaultclock.dt = DT_MS * b2.ms
    b2.seed(seed)
    rng = np.random.default_rng(seed)
    total = WARM_UP_S + seconds
    network, spikes, plastic = build(rng, total, config, eta_per_ms)
    network.run(total * b2.second)
    index, times = np.asarray(spikes.i), np.asarray(spikes.t / b2.ms)
    index, times = index[times >= WARM_UP_S * 1000], times[times >= WARM_UP_S * 1000]
    e = index < N_E
    bins = np.histogram(times[e], np.arange(WARM_UP_S * 1000, total * 1000 + 1, 5))[0]
    row = dict(seed=seed, rate_e_hz=e.sum() / N_E / seconds, rate_i_hz=(~e).sum() / N_I / seconds,
               cv_e=cv_of_intervals(index, times, range(N_E)),
               cv_i=cv_of_intervals(index, times, range(N_E, N_E + N_I)),
               fano_e_5ms=bins.var() / bins.mean())
    if plastic is not None:
        w = np.asarray(plastic.w)
        row.update(w_pa=w.mean(), w_sd_pa=w.std(), w_max_pa=w.max())
    return {k: (v if k == 'seed' else round(float(v), 6)) for k, v in row.items()}


def summary(rows, eta_per_ms):
    names = [k for k in rows[0] if k != 'seed']
    values = {k: [r[k] for r in rows] for k in names}
    return dict(eta_per_ms=eta_per_ms, mean={k: round(float(np.mean(v)), 6) for k, v in values.items()},
                sd={k: round(float(np.std(v, ddof=1)), 6) if len(v) > 1 else None for k, v in values.items()},
                runs=rows)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--seeds', type=int, nargs='+', default=[1, 2, 3, 4, 5])
    arguments.add_argument('--seconds', type=float, default=10)
    arguments.add_argument('--out', default=os.path.join(HERE, 'brian2_network.json'))
    arguments = arguments.parse_args()
    b2.prefs.codegen.target = 'cython'
    networks = {}
    for name, config in NETWORKS.items():
        networks[name] = dict(config)
        for variant, eta_per_ms in VARIANTS.items():
            rows = []
            for seed in arguments.seeds:
                start = time.process_time()
                rows.append(measure(seed, arguments.seconds, config, eta_per_ms))
                print(name, variant, rows[-1], '%.0f CPU s' % (time.process_time() - start), flush=True)
            networks[name][variant] = summary(rows, eta_per_ms)
    with open(arguments.out, 'w') as f:
        json.dump(dict(made_by='brian2_network.py', brian2=b2.__version__, numpy=np.__version__,
                       python=sys.version.split()[0], dt_ms=DT_MS, warm_up_s=WARM_UP_S, seconds=arguments.seconds,
                       rule=RULE, dopamine=DOPAMINE, networks=networks), f, indent=1)
        f.write('\n')


if __name__ == '__main__':
    main()
