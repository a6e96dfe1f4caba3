#!/usr/bin/python3
"""Behavioral metrics of zorowitz2023_prl3 and of random blocks, computed by numpy alone.

python3 metrics_people.py DATA_FOLDER [REFERENCE_FOLDER] writes metrics_people.json and metrics_met.json beside
this file. The first holds, for every metric, sums over all subjects and blocks and the sums of some subjects;
the second holds random right/wrong and reward series with the answer of the reference circuit's met().
"""
import csv, json, os, sys
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CITATION = ("Zorowitz S, Solis J, Niv Y, Bennett D (2023) Nature Human Behaviour 7:1667-1681, "
            "doi:10.1038/s41562-023-01640-7; data MIT, https://github.com/nivlab/sciops")


def first_run(c, k):
    """Start of the first k ones in a row, else the length."""
    hits = [i for i in range(len(c) - k + 1) if all(c[i:i + k] == 1)]
    return hits[0] if hits else len(c)


def block_metrics(c, choice, outcome, rt, old, before):
    """{metric: (numerator, denominator)} of one block; c = right or wrong."""
    n = len(c)
    err = 1 - c
    lag = first_run(c, 4)
    windows = [j for j in range(n - 9) if c[j:j + 10].sum() >= 3]
    leave = windows[0] + 10 if windows else n
    stay = choice[1:] == choice[:-1]
    won = outcome[:-1] > 0
    lc, lo = c[-40:], outcome[-40:]
    good_paid = (lc[:-1] == 1) & (lo[:-1] > 0)
    good_unpaid = (lc[:-1] == 1) & (lo[:-1] <= 0)
    r = dict(switch_lag=(lag, 1), trials_to_criterion=(min(n, first_run(c, 8) + 8), 1),
             perseverative_errors=(err[:leave].sum(), 1), early_errors=(err[:10].sum(), 1),
             regressive_errors=(100 * err[lag:].sum(), n - lag), late_accuracy=(c[-30:].sum(), len(c[-30:])),
             accuracy=(c.sum(), n), accuracy_before=(before[-30:].sum(), len(before[-30:])),
             win_stay=((stay & won).sum(), won.sum()), lose_shift=((~stay & ~won).sum(), (~won).sum()),
             win_stay_best=((good_paid & (lc[1:] == 1)).sum(), good_paid.sum()),
             lose_shift_misleading=((good_unpaid & (lc[1:] == 0)).sum(), good_unpaid.sum()),
             perseverative_index=(((choice == old) & (err == 1)).sum(), err.sum()),
             response_time=(rt.sum(), n), reward_rate=(outcome.sum(), n))
    return {k: np.array(v, float) for k, v in r.items()}


REVERSAL = ('switch_lag trials_to_criterion perseverative_errors early_errors regressive_errors late_accuracy '
            'accuracy_before win_stay_best lose_shift_misleading perseverative_index').split()


def people(folder):
    rows = list(csv.DictReader(open(os.path.join(folder, 'zorowitz2023_prl3', 'zorowitz2023_prl3.csv'))))
    subjects = list(dict.fromkeys(r['subject'] for r in rows))
    total, each = {}, {}
    for s in subjects:
        mine = [r for r in rows if r['subject'] == s]
        sums, before, old = {}, np.zeros(0), -1
        for b in sorted({int(r['block']) for r in mine}):
            x = [r for r in mine if int(r['block']) == b]
            c = np.array([int(r['correct']) for r in x])
            m = block_metrics(c, np.array([int(r['choice']) for r in x]), np.array([float(r['outcome']) for r in x]),
                              np.array([float(r['rt_s']) for r in x]), old, before)
            for k, v in m.items():
                if k not in REVERSAL or len(before):
                    sums[k] = sums.get(k, 0) + v
            before, old = c, int(x[0]['correct_option'])
        each[s] = {k: v.tolist() for k, v in sums.items()}
        for k, v in sums.items():
            total[k] = total.get(k, 0) + v
    return dict(citation=CITATION, subjects=len(subjects), rows=len(rows), total={k: v.tolist() for k, v in total.items()},
                each={s: each[s] for s in subjects[::25]})


def reference(folder):
    sys.path.insert(0, folder)
    from flex_circuit import met
    rng = np.random.default_rng(5)
    n, lens = 24, [40, 60]
    p = np.concatenate([np.full((n, 40), .8), np.linspace(.05, .95, 60)[None] * rng.random((n, 1))], 1)
    o = dict(C=(rng.random(p.shape) < p).astype(int), R=(rng.random(p.shape) < .6).astype(int), lens=lens,
             B=rng.integers(0, 3, p.shape), NE=np.round(rng.random(p.shape), 4),
             cred=np.round(rng.random(p.shape), 4), ctot=np.round(1 + rng.random(p.shape), 4))
    m = {k: float(v) for k, v in met(o).items()}
    return dict(source='reference/flex_circuit.py met() on random blocks', lens=lens, met=m,
                **{k: o[k].tolist() for k in ('C', 'R', 'B', 'NE', 'cred', 'ctot')})


if __name__ == '__main__':
    json.dump(people(sys.argv[1]), open(os.path.join(HERE, 'metrics_people.json'), 'w'), indent=0)
    if len(sys.argv) > 2:
        json.dump(reference(sys.argv[2]), open(os.path.join(HERE, 'metrics_met.json'), 'w'))
