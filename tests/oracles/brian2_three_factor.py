#!/usr/bin/env python3
"""Three-factor STDP under given spike trains, by Brian2: writes brian2_three_factor.json beside itself.

Rule, gates, cases and the order of events: three_factor_trains.py. Brian2 2.5 integrates e and w by fourth-order
Runge-Kutta, without error from the gate: as g is linear within a step, z = (time since the step began) * e makes
the system linear with constant coefficients, dz/dt = e - z/tau_e, dw/dt = eta (a e + b z) for g = a + b s. (Its
method 'exact' refuses a system with a variable that does not decay.) Traces are event-driven, which is exact.
Synapses act before the integration of a step. The accuracy stored with the results, halving_*, is the largest
difference from a second run with half the step (and the same gate and spike times).

Spikes and readings are in steps of 0.1 ms; synapse = source * 12 + target; w has one row for each 5 s, and is not
clipped after the last arrival. Needs Brian2 2.5 with numpy 1.26 and Cython 3.0.
"""
import json
import os
import sys
import time

import brian2 as b2
import numpy as np

import three_factor_trains as given

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = '''
delig/dt = -elig/tau_e : 1 (clock-driven)
dz/dt = elig - z/tau_e : second (clock-driven)
dw/dt = eta*(a*elig + b*z) : 1 (clock-driven)
dx/dt = -x/tau_plus : 1 (event-driven)
dy/dt = -y/tau_minus : 1 (event-driven)
a : 1
b : Hz
gate : integer (constant)
tau_e : second (constant)
eta : Hz (constant)
'''


def solve(parts):
    """w at every reading [readings, cases * 60] and e at the end, with each step of 0.1 ms cut into `parts`."""
    b2.start_scope()
    step = given.DT_MS / parts * b2.ms
    b2.defaultclock.dt = step
    pre, post, jumps = given.trains()
    cases, rule = given.cases(), given.RULE
    starts, slopes = [], []
    for name in ('dopamine', 'sinusoid'):
        first, last = given.gate_limits(name, jumps)
        cut = np.arange(parts) / parts
        starts.append((first[:, None] + (last - first)[:, None] * cut).ravel())
        slopes.append(np.repeat((last - first) / (given.DT_MS * 1e-3), parts))
    space = dict(tau_plus=rule['tau_plus_ms'] * b2.ms, tau_minus=rule['tau_minus_ms'] * b2.ms, A_plus=rule['A_plus'],
                 A_minus=rule['A_minus'], Wmax=rule['Wmax'], start=b2.TimedArray(np.array(starts).T, dt=step),
                 slope=b2.TimedArray(np.array(slopes).T * b2.Hz, dt=step))

    def generator(steps):
        index = np.concatenate([np.full(len(s), i) for i, s in enumerate(steps)])
        return b2.SpikeGeneratorGroup(len(steps), index, np.concatenate(steps) * given.DT_MS * b2.ms)

    sources, targets = generator(pre), generator(post)
    s = b2.Synapses(sources, targets, MODEL, method='rk4', namespace=space,
                    on_pre='w = clip(w, 0, Wmax); elig -= A_minus*y; x += 1', on_post='elig += A_plus*x; y += 1')
    s.pre.order, s.post.order = 0, 1
    n = given.N_PRE * given.N_POST
    pairs = np.arange(n)
    s.connect(i=np.tile(pairs // given.N_POST, len(cases)), j=np.tile(pairs % given.N_POST, len(cases)))
    assert (np.asarray(s.i) == np.tile(pairs // given.N_POST, len(cases))).all()
    s.gate = np.repeat([0 if c['gate'] == 'dopamine' else 1 for c in cases], n)
    s.tau_e = np.repeat([c['tau_e_ms'] for c in cases], n) * b2.ms
    s.eta = np.repeat([c['eta'] for c in cases], n) * 1000 * b2.Hz
    s.pre.delay = np.repeat([c['delay_steps'] for c in cases], n) * given.DT_MS * b2.ms
    s.w = rule['W0']
    s.run_regularly('z = 0*second; a = start(t, gate); b = slope(t, gate)', when='before_groups')
    network = b2.Network(sources, targets, s)
    network.schedule = ['start', 'thresholds', 'synapses', 'groups', 'resets', 'end']
    readings = []
    for _ in range(given.STEPS // given.READ_EVERY):
        network.run(given.READ_EVERY * given.DT_MS * b2.ms)
        readings.append(np.array(s.w))
    return np.array(readings), np.array(s.elig)


def main():
    b2.prefs.codegen.target = 'cython'
    start = time.process_time()
    w, e = solve(1)
    print('dt: %.0f CPU s' % (time.process_time() - start), flush=True)
    half_w, half_e = solve(2)
    print('dt/2: %.0f CPU s' % (time.process_time() - start), flush=True)
    pre, post, jumps = given.trains()
    n = given.N_PRE * given.N_POST
    cases = []
    for c, case in enumerate(given.cases()):
        part = slice(c * n, (c + 1) * n)
        cases.append({**case, 'ties': given.ties(pre, post, case['delay_steps']),
                      'halving_dw': float(abs(w - half_w)[:, part].max()),
                      'halving_de': float(abs(e - half_e)[part].max()),
                      'w': [[float('%.15g' % v) for v in row[part]] for row in w],
                      'e': [float('%.15g' % v) for v in e[part]]})
        print(cases[-1]['name'], cases[-1]['halving_dw'], cases[-1]['halving_de'])
    out = dict(made_by='brian2_three_factor.py', brian2=b2.__version__, numpy=np.__version__,
               python=sys.version.split()[0], dt_ms=given.DT_MS, steps=given.STEPS, read_every=given.READ_EVERY,
               rule=given.RULE, gates=dict(dopamine={k: v for k, v in given.DOPAMINE.items() if k != 'jumps_hz'},
                                           sinusoid=dict(hz=given.SINUSOID_HZ)),
               jump_steps=jumps.tolist(), pre_steps=[s.tolist() for s in pre], post_steps=[s.tolist() for s in post],
               cases=cases)
    with open(os.path.join(HERE, 'brian2_three_factor.json'), 'w') as f:
        f.write('{\n' + ',\n'.join('%s: %s' % (json.dumps(k), json.dumps(v)) for k, v in out.items()) + '\n}\n')


if __name__ == '__main__':
    main()
