#!/usr/bin/env python3
"""Distal reward in Izhikevich's network of 1000 neurons, by numpy alone: writes izhikevich_distal_reward.json.

    izhikevich_distal_reward.py       (hour-long courses of seeds 1 and 2; an hour takes about 4 min)
    izhikevich_distal_reward.py --seconds 1200 --seeds 3 4 5 6 --out izhikevich_distal_reward_1200s.json

One synapse, chosen in advance and set to 0, is reinforced: whenever its target fires within 20 ms after its
source, dopamine jumps by 0.5 some 1 to 3 s later. Does that synapse, among 80,000, rise to the top? Rank 1 is the
strongest; rank = 1 + number of excitatory synapses with a larger weight.

Each ms, in this order: neurons with v >= 30 are reset and their STDP trace is set (not raised) to 0.1; synapses
onto them add the source's trace of the ms before to their eligibility; spikes reach their targets (delay 1 ms) and
subtract 1.5 times the target's trace, spikes of this ms included; v moves by two half steps, then u; traces times
0.95, dopamine times 0.995; every 10 ms w = clip(w + (0.002 + dopamine) c, 0, 4), then c times 0.99; last, a due
reward. A trace that is set rather than raised remembers the neuron's last spike only. Decay factors, and the lack
of a dt in w and c, are the published ones.

Source: Izhikevich (2007) Cereb Cortex 17:2443, doi:10.1093/cercor/bhl152, and the loop published with it.
Differs from it: the random numbers; the target of the chosen synapse is excitatory.
"""
import argparse
import json
import os
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
N, N_E, FAN_OUT, W_MAX = 1000, 800, 100, 4.0
COINCIDENCE_MS, REPORT_S = 20, 60


class Network:
    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        excitatory = np.arange(N) < N_E
        self.a = np.where(excitatory, 0.02, 0.1)
        self.d = np.where(excitatory, 8.0, 2.0)
        self.v = np.full(N, -65.0)
        self.u = 0.2 * self.v
        self.target = np.concatenate([rng.integers(0, N, (N_E, FAN_OUT)), rng.integers(0, N_E, (N - N_E, FAN_OUT))])
        self.w = np.where(excitatory[:, None], 1.0, -1.0) * np.ones((N, FAN_OUT))
        self.c = np.zeros((N_E, FAN_OUT))
        order = np.argsort(self.target[:N_E].ravel(), kind='stable')
        ends = np.cumsum(np.bincount(self.target[:N_E].ravel(), minlength=N))
        self.onto = np.split(order, ends[:-1])               # flat index of the synapses onto each neuron
        self.from_ = [k // FAN_OUT for k in self.onto]       # and their sources
        self.trace, self.dopamine, self.t = np.zeros(N), 0.0, 0
        self.source = int(rng.integers(N_E))
        self.column = int(np.argmax(self.target[self.source] < N_E))
        self.chosen_target = int(self.target[self.source, self.column])
        self.w[self.source, self.column] = 0.0
        self.source_fired, self.rewards = -100, set()
        self.coincidences = self.spikes_e = self.spikes_i = self.given = 0

    def step(self, current):
        self.t += 1
        v, u, c = self.v, self.u, self.c
        fired = np.flatnonzero(v >= 30)
        before = self.trace.copy()
        self.trace *= 0.95
        if len(fired):
            v[fired] = -65.0
            u[fired] += self.d[fired]
            self.trace[fired] = 0.1
            flat = c.ravel()
            # The trace of the ms before has not yet lost the 5% of this ms.
            for j in fired:
                flat[self.onto[j]] += before[self.from_[j]]
            targets = self.target[fired]
            np.add.at(current, targets.ravel(), self.w[fired].ravel())
            of_e = fired[fired < N_E]
            c[of_e] -= 1.5 * self.trace[self.target[of_e]]
            self.spikes_e += len(of_e)
            self.spikes_i += len(fired) - len(of_e)
        v += 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
        v += 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
        u += self.a * (0.2 * v - u)
        self.dopamine *= 0.995
        if self.t % 10 == 0:
            w = self.w[:N_E]
            w += (0.002 + self.dopamine) * c
            np.clip(w, 0, W_MAX, out=w)
            c *= 0.99
        self.watch(fired)

    def watch(self, fired):
        if self.source in fired:
            self.source_fired = self.t
        if self.chosen_target in fired and 0 < self.t - self.source_fired < COINCIDENCE_MS:
            self.coincidences += 1
            self.rewards.add(self.t + 1000 + int(np.ceil(2000 * self.rng.random())))
        if self.t in self.rewards:
            self.rewards.discard(self.t)
            self.dopamine += 0.5
            self.given += 1

    def row(self, seconds):
        w = self.w[:N_E]
        chosen = w[self.source, self.column]
        numbers = dict(t_s=self.t // 1000, weight=round(float(chosen), 6), rank=1 + int((w > chosen).sum()),
                       at_bound=int((w >= W_MAX).sum()), weight_mean=round(float(w.mean()), 5),
                       weight_p99=round(float(np.percentile(w, 99)), 5), coincidences=self.coincidences,
                       rewards=self.given, rate_e_hz=round(self.spikes_e / N_E / seconds, 4),
                       rate_i_hz=round(self.spikes_i / (N - N_E) / seconds, 4))
        self.coincidences = self.spikes_e = self.spikes_i = self.given = 0
        return numbers


def course(seed, seconds):
    net = Network(seed)
    rows, start = [], time.process_time()
    for s in range(1, seconds + 1):
        noise = 13 * (net.rng.random((1000, N)) - 0.5)
        for current in noise:
            net.step(current)
        if s % REPORT_S == 0:
            rows.append(net.row(REPORT_S))
            print(seed, rows[-1], '%.0f CPU s' % (time.process_time() - start), flush=True)
    weights = np.sort(net.w[:N_E].ravel())[::-1]
    return dict(seed=seed, source=net.source, target=net.chosen_target, seconds=seconds, course=rows,
                top_ten=[round(float(x), 5) for x in weights[:10]],
                histogram_in_tenths_of_bound=np.histogram(weights, 10, (0, W_MAX))[0].tolist())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--seconds', type=int, default=3600)
    arguments.add_argument('--seeds', type=int, nargs='+', default=[1, 2])
    arguments.add_argument('--out', default=os.path.join(HERE, 'izhikevich_distal_reward.json'))
    arguments = arguments.parse_args()
    runs = [course(seed, arguments.seconds) for seed in arguments.seeds]
    with open(arguments.out, 'w') as f:
        rows = ',\n'.join(json.dumps(r).replace('{"t_s"', '\n {"t_s"') for r in runs)
        f.write('{"source": "doi:10.1093/cercor/bhl152", "numpy": "%s", "runs": [\n%s\n]}\n' % (np.__version__, rows))


if __name__ == '__main__':
    main()
