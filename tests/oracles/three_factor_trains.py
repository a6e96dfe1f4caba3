#!/usr/bin/env python3
"""Trains, gates and cases for three-factor STDP under given spikes, and its solution by numpy in two ways.

    three_factor_trains.py     checks brian2_three_factor.json against both ways and prints the largest differences

Rule, in steps of dt = 0.1 ms (every event lies on a step's boundary k, at time k dt):
    x presynaptic trace, y postsynaptic trace, +1 a spike, all to all, decaying with tau_plus and tau_minus
    arrival of a presynaptic spike (delay_steps after it was fired): w = clip(w, 0, Wmax); e -= A_minus y; x += 1
    postsynaptic spike: e += A_plus x; y += 1
    between events: de/dt = -e/tau_e, dw/dt = eta g(t) e      (eta per ms; w is clipped at arrivals only)
    when both fall on one boundary the arrival comes first: it reads y without, and x is read with, the other
Readings of w at boundary k come before the events of k. Events at the last boundary do not happen.

Gate: within step k, g is linear from g_after[k] (limit from the right at boundary k) to g_before[k+1] (limit from
the left at boundary k+1).
    dopamine: D(0) = 0; at boundary k, D += 0.02 for each k in jump_steps, and g_after[k] = D - 1; then
              D *= exp(-dt/200 ms) and g_before[k+1] = D - 1
    sinusoid: g_after[k] = g_before[k] = sin(2 pi 0.7 Hz k dt)
"""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
DT_MS, STEPS, N_PRE, N_POST, RATE_HZ, SEED = 0.1, 200_000, 5, 12, 20.0, 20071
READ_EVERY = 50_000
RULE = dict(tau_plus_ms=20.0, tau_minus_ms=20.0, A_plus=0.01, A_minus=0.0105, W0=20.0, Wmax=40.0)
DOPAMINE = dict(tau_ms=200.0, jump=0.02, minus=1.0, jumps_hz=250.0)
SINUSOID_HZ = 0.7
CASES = [  # name, tau_e in ms, eta per ms, delay in steps
    ('slow', 1000.0, 0.01, 15),
    ('fast', 20.0, 0.01, 15),
    ('clipped', 1000.0, 5.0, 50),
]


def cases():
    return [dict(name='%s_%s' % (name, gate), gate=gate, tau_e_ms=tau_e, eta=eta, delay_steps=delay)
            for name, tau_e, eta, delay in CASES for gate in ('dopamine', 'sinusoid')]


def trains():
    """Steps of the spikes of each source and target, and of the jumps of dopamine."""
    rng = np.random.default_rng(SEED)
    spikes = rng.random((N_PRE + N_POST, STEPS)) < RATE_HZ * DT_MS / 1000
    steps = [np.flatnonzero(s) for s in spikes]
    jumps = np.flatnonzero(rng.random(STEPS) < DOPAMINE['jumps_hz'] * DT_MS / 1000)
    return steps[:N_PRE], steps[N_PRE:], jumps


def gate_limits(name, jumps):
    """g at the start and at the end of each step."""
    if name == 'sinusoid':
        g = np.sin(2 * np.pi * SINUSOID_HZ * np.arange(STEPS + 1) * DT_MS / 1000)
        return g[:-1], g[1:]
    add = DOPAMINE['jump'] * np.bincount(jumps, minlength=STEPS)
    decay, level = np.exp(-DT_MS / DOPAMINE['tau_ms']), 0.0
    after, before = np.empty(STEPS), np.empty(STEPS)
    for k in range(STEPS):
        after[k] = level + add[k]
        before[k] = level = after[k] * decay
    return after - DOPAMINE['minus'], before - DOPAMINE['minus']


def ties(pre, post, delay):
    return int(sum(len(np.intersect1d(i + delay, j)) for i in pre for j in post))


def step_by_step(case, pre, post, jumps, substeps=100):
    """Walks all steps; the integral within a step is a midpoint sum over `substeps` pieces, traces decay by step."""
    n = N_PRE * N_POST
    arrives, fires = np.zeros((STEPS, N_PRE), bool), np.zeros((STEPS, N_POST), bool)
    for i, s in enumerate(pre):
        s = s + case['delay_steps']
        arrives[s[s < STEPS], i] = True
    for j, s in enumerate(post):
        fires[s, j] = True
    event_a, event_f = arrives.any(1), fires.any(1)
    first, last = gate_limits(case['gate'], jumps)
    middle = (np.arange(substeps) + 0.5) / substeps
    weight = np.exp(-middle * DT_MS / case['tau_e_ms']) * DT_MS / substeps
    gain = case['eta'] * (first * weight.sum() + (last - first) * (middle * weight).sum())
    w, e = np.full((N_PRE, N_POST), RULE['W0']), np.zeros((N_PRE, N_POST))
    x, y = np.zeros(N_PRE), np.zeros(N_POST)
    dx, dy = np.exp(-DT_MS / RULE['tau_plus_ms']), np.exp(-DT_MS / RULE['tau_minus_ms'])
    de = np.exp(-DT_MS / case['tau_e_ms'])
    reads, clips = [], 0
    for k in range(STEPS):
        if k and k % READ_EVERY == 0:
            reads.append(w.ravel().copy())
        if event_a[k]:
            a = arrives[k]
            clips += int(((w[a] < 0) | (w[a] > RULE['Wmax'])).sum())
            w[a] = np.clip(w[a], 0, RULE['Wmax'])
            e[a] -= RULE['A_minus'] * y
            x[a] += 1
        if event_f[k]:
            f = fires[k]
            e[:, f] += RULE['A_plus'] * x[:, None]
            y[f] += 1
        w += gain[k] * e
        e *= de
        x *= dx
        y *= dy
    return np.array(reads + [w.ravel()]).reshape(-1, n), e.ravel(), clips


def event_by_event(case, pre, post, jumps):
    """Walks the events of each synapse: no traces (sums over all earlier spikes), and the integral of g e between
    two events summed over the steps between, each in closed form."""
    first, last = gate_limits(case['gate'], jumps)
    tau, h = case['tau_e_ms'], DT_MS
    u = h / tau
    # Integrals of exp(-s/tau) and of (s/h) exp(-s/tau) over a step, by series where the closed form cancels.
    i0 = -tau * np.expm1(-u)
    i1 = h * sum((-u) ** m / (m + 2) / np.prod(np.arange(1, m + 1), initial=1.0) for m in range(12))
    piece = first * i0 + (last - first) * i1
    decay = np.exp(-np.arange(STEPS + 1) * h / tau)
    reads, finals = [], []
    for s_pre in pre:
        arrivals = s_pre + case['delay_steps']
        arrivals = arrivals[arrivals < STEPS]
        for s_post in post:
            events = sorted([(k, 0) for k in arrivals] + [(k, 1) for k in s_post] +
                            [(k, -1) for k in range(READ_EVERY, STEPS + 1, READ_EVERY)])
            w, e, at, seen = RULE['W0'], 0.0, 0, []
            for k, kind in events:
                w += case['eta'] * e * np.dot(piece[at:k], decay[:k - at])
                e *= decay[k - at]
                at = k
                if kind == 0:
                    w = min(max(w, 0.0), RULE['Wmax'])
                    earlier = s_post[:np.searchsorted(s_post, k, 'left')]
                    e -= RULE['A_minus'] * np.exp(-(k - earlier) * h / RULE['tau_minus_ms']).sum()
                elif kind == 1:
                    earlier = arrivals[:np.searchsorted(arrivals, k, 'right')]
                    e += RULE['A_plus'] * np.exp(-(k - earlier) * h / RULE['tau_plus_ms']).sum()
                else:
                    seen.append(w)
            reads.append(seen)
            finals.append(e)
    return np.array(reads).T, np.array(finals)


def main():
    with open(os.path.join(HERE, 'brian2_three_factor.json')) as f:
        reference = json.load(f)
    pre, post, jumps = trains()
    assert [s.tolist() for s in pre] == reference['pre_steps']
    assert [s.tolist() for s in post] == reference['post_steps']
    print('largest differences, w in all readings and e at the end; range of w - W0 and of e beside them')
    for case in reference['cases']:
        w, e = np.array(case['w']), np.array(case['e'])
        ws, es, clips = step_by_step(case, pre, post, jumps)
        we, ee = event_by_event(case, pre, post, jumps)
        print('%-17s steps: dw %.1e de %.1e  events: dw %.1e de %.1e  |w-W0| %.3g |e| %.3g  clips %d  at bounds %d  '
              'ties %d' % (case['name'], abs(ws - w).max(), abs(es - e).max(), abs(we - w).max(), abs(ee - e).max(),
                           abs(w - RULE['W0']).max(), abs(e).max(), clips,
                           ((w[-1] <= 0) | (w[-1] >= RULE['Wmax'])).sum(), ties(pre, post, case['delay_steps'])))


if __name__ == '__main__':
    main()
