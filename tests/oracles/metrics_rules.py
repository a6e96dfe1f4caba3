#!/usr/bin/python3
"""Metrics of rule, context and outcome tasks on random records, computed by numpy alone.

python3 metrics_rules.py [DATA_FOLDER] writes metrics_rules.json beside this file: columns of random records, and
for each metric [numerator, denominator] summed over the blocks of each subject. With DATA_FOLDER also the
choices of people: stay shares of zorowitz2023_twostep, sums over all subjects.
"""
import csv, json, os, sys
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def blocks_of(r):
    return [np.flatnonzero(r['block'] == b) for b in np.unique(r['block'])]


def share(mask, hits):
    return [int((mask & hits).sum()), int(mask.sum())]


def add(pairs):
    """Sums of (num, den); what has no den adds nothing."""
    n, d = sum(p[0] for p in pairs), sum(p[1] for p in pairs)
    return [float(n if d else 0), float(d)]


def rules(r):
    """A subject of blocks with two options, four states, one feature dimension of six letters."""
    made, ok = r['choice'] >= 0, (r['choice'] >= 0) & (r['correct'] == 1)
    out = {}
    bl = blocks_of(r)
    out['trials_in_block'] = [len(r['block']), len(bl)]
    out['errors_in_block'] = [int((made & (r['correct'] == 0)).sum()), len(bl)]
    out['shift_cost block=2 against=1'] = [len(bl[2]) - len(bl[1]), 1] if len(bl) > 2 else [0, 0]
    out['categories_completed run=3'] = [sum(len(i) >= 3 and bool(ok[i[-3:]].all()) for i in bl), 1]
    old = np.concatenate([np.full(len(i), -9) if k == 0 else r['old_best'][i] for k, i in enumerate(bl)])
    out['old_rule_errors'] = [int((made & (r['correct'] == 0) & (r['choice'] == old)).sum()), 1]
    firsts = np.zeros(len(made), bool)
    for i in bl:
        for s in range(4):
            j = i[r['state'][i] == s]
            firsts[j[:1]] = True
    out['first_trial_accuracy'] = share(firsts & made, ok)
    out['accuracy_in_state state=2'] = share(made & (r['state'] == 2), ok)
    out['accuracy_at column=set_size value=3'] = share(made & (r['set_size'] == 3), ok)
    later = np.isin(np.arange(len(made)), np.concatenate(bl[1:]) if len(bl) > 1 else [])
    left, right = r['letter'][:, 0], r['letter'][:, 1]
    took = np.where(r['choice'] == 0, left, right)
    for name, letter, rival in (('choose_a', 0, 1), ('avoid_b', 1, 0)):
        one = ((left == letter) ^ (right == letter)) & (left != rival) & (right != rival) & made & later
        out[name] = share(one, took == letter if name == 'choose_a' else took != letter)
    out['responding missing=no response'] = [int((r['choice'] == 1).sum()), len(made)]
    sens = []
    for a, b in zip(bl[:-1], bl[1:]):
        base = (r['choice'][a][-20:] == 1).mean()
        if base > 0:
            sens.append((1 - (r['choice'][b] == 1).mean() / base, 1))
    out['devaluation_sensitivity window=20'] = add(sens) if sens else [0, 0]
    lat, ne = [], []
    for a, b in zip(bl[:-1], bl[1:]):
        moved = np.flatnonzero(r['slot'][b] != r['slot'][a[-1]])
        lat.append((moved[0] if len(moved) else len(b), 1))
        burst = np.flatnonzero(r['ne'][b] > .5)
        ne.append((burst[0] if len(burst) else len(b), 1))
    out['belief_latency'] = add(lat) if lat else [0, 0]
    out['ne_latency'] = add(ne) if ne else [0, 0]
    return out


def explore(r):
    """Daw et al. (2006): posterior mean and variance of each arm by the scalar Kalman filter."""
    num = den = 0
    for i in blocks_of(r):
        m = np.full(4, 50.)
        v = np.full(4, 2.8 ** 2 / (1 - .9836 ** 2))
        for c, x in zip(r['choice'][i], r['outcome'][i]):
            if c >= 0:
                den += 1
                num += m[c] != m.max()
                precision = 1 / v[c] + 1 / 16.
                m[c] = (m[c] / v[c] + x / 16.) / precision
                v[c] = 1 / precision
            m, v = .9836 * m + (1 - .9836) * 50, .9836 ** 2 * v + 2.8 ** 2
    return {'explore': [int(num), den]}


def reports(r):
    out = {}
    for name, threshold, since in (('report_learning_rate', 0, None), ('report_learning_rate threshold=30', 30, None),
                                   ('report_learning_rate since_change=1', 0, 1)):
        x, y = [], []
        for i in blocks_of(r):
            e, up = (r['outcome'] - r['report'])[i[:-1]], np.diff(r['report'][i])
            keep = np.abs(e) > threshold
            if since is not None:
                keep &= np.arange(len(e)) == since
            x.append(e[keep])
            y.append(up[keep])
        x, y = np.concatenate(x), np.concatenate(y)
        out[name] = [float(x @ y), float(x @ x)]
    return out


def two_step(r):
    """One row a trial: both choices (-1 missing), the room (1, 2) and the outcome."""
    n = len(r['c1'])
    ok = (r['c1'] >= 0) & (r['c2'] >= 0)
    t = np.arange(n - 1)
    use = ok[:-1] & (r['c1'][1:] >= 0)
    stays = r['c1'][1:] == r['c1'][:-1]
    win, common = r['outcome'][:-1] > 0, r['room'][:-1] == 1 + r['c1'][:-1]
    out = {'stay': share(use, stays)}
    cell = {}
    for o, wins in (('reward', win), ('no reward', ~win)):
        out[f'stay outcome={o}'] = share(use & wins, stays)
        for c, kind in (('common', common), ('rare', ~common)):
            cell[o, c] = out[f'stay outcome={o} transition={c}'] = share(use & wins & kind, stays)
    p = {k: v[0] / v[1] if v[1] else None for k, v in cell.items()}
    if all(x is not None for x in p.values()):
        out['model_based_index'] = [p['reward', 'common'] - p['reward', 'rare'] - p['no reward', 'common']
                                    + p['no reward', 'rare'], 1]
    else:
        out['model_based_index'] = [0, 0]
    assert t.size == n - 1
    return out


def random_records():
    rng = np.random.default_rng(11)
    subjects = []
    for s in range(12):
        lens = rng.integers(8, 60, 2 + s % 3)
        n = int(lens.sum())
        r = dict(block=np.repeat(np.arange(len(lens)), lens), choice=rng.integers(-1, 2, n) if s % 2 else rng.integers(0, 2, n),
                 best=rng.integers(0, 2, n), state=rng.integers(0, 4, n), set_size=rng.integers(2, 5, n),
                 slot=rng.integers(0, 2, n) * rng.integers(0, 2, n), ne=np.round(rng.random(n) ** 3, 3))
        if s % 4 == 0:
            r['choice'] = r['best'].copy()  # long runs of right choices
        r['old_best'] = np.where(r['block'] == 0, -1, rng.integers(0, 2, n))
        r['correct'] = np.where(r['choice'] < 0, -1, (r['choice'] == r['best']).astype(int))
        r['letter'] = np.stack([rng.choice(6, 2, replace=False) for _ in range(n)])
        subjects.append((r, rules(r)))
    bandit = []
    for s in range(4):
        n = 80
        r = dict(block=np.repeat([0, 1], n // 2), choice=rng.integers(-1, 4, n), outcome=np.round(rng.uniform(1, 100, n)))
        bandit.append((r, explore(r)))
    inference = []
    for s in range(4):
        n = 90
        r = dict(block=np.repeat(np.arange(9), 10), outcome=np.round(rng.uniform(0, 300, n), 1),
                 report=np.round(rng.uniform(0, 300, n), 1))
        inference.append((r, reports(r)))
    steps = []
    for s in range(6):
        n = 120 if s else 6
        c1, c2 = rng.integers(-1 if s % 2 else 0, 2, n), rng.integers(-1 if s % 3 == 0 else 0, 2, n)
        r = dict(c1=c1, c2=np.where(c1 < 0, -1, c2), outcome=rng.integers(0, 2, n),
                 room=np.where(rng.random(n) < .7, 1 + c1, 2 - c1))
        steps.append((r, two_step(r)))
    tidy = lambda pairs: [dict({k: v.tolist() for k, v in r.items()}, expected=e) for r, e in pairs]
    return dict(rules=tidy(subjects), bandit=tidy(bandit), inference=tidy(inference), two_step=tidy(steps))


def people(folder):
    name = 'zorowitz2023_twostep'
    total = {}
    rows = list(csv.DictReader(open(os.path.join(folder, name, name + '.csv'))))
    by = {}
    for x in rows:
        by.setdefault(x['subject'], []).append(x)
    for mine in by.values():
        num = lambda k: np.array([int(float(x[k])) if x[k] not in ('', 'NA') else -1 for x in mine])
        c1 = num('choice1')
        r = dict(c1=c1, c2=num('choice2'), outcome=num('outcome'), room=1 + num('state2'))
        for k, v in two_step(r).items():
            total[k] = (np.array(total.get(k, [0, 0]), float) + v).tolist()
    return dict(data=name, subjects=len(by), total=total)


if __name__ == '__main__':
    result = random_records()
    if len(sys.argv) > 1:
        result['people'] = people(sys.argv[1])
    json.dump(result, open(os.path.join(HERE, 'metrics_rules.json'), 'w'))
