#!/usr/bin/env python3
"""Trace of the Flex prototype, without encoding noise and under given choices: writes flex_trace.csv beside itself.

Usage: flex_trace.py FOLDER   (the folder that holds flex_circuit.py and flex_params.json; needs numpy)

Choices follow the good option of a rule that reverses every 40 trials, eight trials late and with slips, so
that the trace meets bursts of noradrenaline, new contexts and returns to old ones. Features are in bits:
bit d is the value of option 0 in dimension d; option 1 has the complement. Each row holds the quantities of
one trial; slot and belief are those after it.
"""
import json
import os
import sys

import numpy as np

AGENTS, TRIALS, BLOCK, DIMS = 2, 120, 40, 3
CONDITIONS = {  # name: (parameters, lesion, first lesioned trial)
    'intact': ({}, {}, 0),
    'da': ({}, {'kDA_s': 0.35}, 40),
    'ne': ({}, {'ne_s': 0.1}, 0),
    'ach': ({}, {'ach_s': 0.3}, 0),
    'ser': ({}, {'ser_s': 0.2}, 0),
    'one_slot': ({'K': 1}, {}, 0),
}
HEADER = 'agent,condition,trial,bits,choice,reward,p0,da,ne,ach,delta,slot,belief,credit'


def trace(circuit, params, name, rng):
    extra, lesion, from_trial = CONDITIONS[name]
    agents = circuit.Agent(AGENTS, rng, **{**params, **extra, 'enc': 0})
    agents.reldim = 0
    rows = []
    every = np.arange(AGENTS)
    for t in range(TRIALS):
        if t == from_trial:
            agents.p.update(lesion)
        first = rng.integers(0, 2, (AGENTS, 1, DIMS))
        features = np.concatenate([first, 1 - first], 1)
        good = (features[:, 1, 0] == (t // BLOCK) % 2).astype(int)
        followed = (features[:, 1, 0] == (max(t - 8, 0) // BLOCK) % 2).astype(int)
        choice = np.where(rng.random(AGENTS) < 0.85, followed, rng.integers(0, 2, AGENTS))
        pays = rng.random((AGENTS, 2)) < np.where(np.arange(2) == good[:, None], 0.9, 0.1)
        _, reward = agents.step(features, pays, force=choice)
        for i in every:
            bits = sum(int(first[i, 0, d]) << d for d in range(DIMS))
            numbers = (agents.P[i, 0], agents.DA[i], agents.NE[i], agents.ACh[i], agents.d[i])
            rows.append([i, name, t, bits, choice[i], int(reward[i]), *('%.17g' % x for x in numbers),
                         agents.b[i].argmax(), '%.17g' % agents.b[i].max(), '%.17g' % agents.ctot[i]])
    return rows


def main():
    folder = sys.argv[1]
    sys.path.insert(0, folder)
    import flex_circuit
    with open(os.path.join(folder, 'flex_params.json')) as f:
        params = json.load(f)
    out = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'flex_trace.csv')
    with open(out, 'w') as f:
        f.write(HEADER + '\n')
        for seed, name in enumerate(CONDITIONS):
            for row in trace(flex_circuit, params, name, np.random.default_rng(seed + 1)):
                f.write(','.join(str(x) for x in row) + '\n')


if __name__ == '__main__':
    main()
