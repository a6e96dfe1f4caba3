#!/usr/bin/python3
"""How often an ideal observer of context_switch is right: it filters which rule holds, knowing hazard and payoffs.

Shares nothing with Labile. Prints hazard, accuracy and its standard error; tests/unit/rule_tasks_test.cpp and
docs/tasks/context_switch.md hold the numbers.
"""
import numpy as np


def accuracy(hazard, subjects=20000, trials=300, rules=3, p=.9, seed=3):
    rng = np.random.default_rng(seed)
    rule = rng.integers(rules, size=subjects)
    belief = np.full((subjects, rules), 1 / rules)
    right = np.zeros(subjects)
    for t in range(trials):
        if t:
            switch = rng.random(subjects) < hazard
            rule = np.where(switch, (rule + rng.integers(1, rules, size=subjects)) % rules, rule)
            belief = (1 - hazard) * belief + hazard * (1 - belief) / (rules - 1)
        good = rng.integers(0, 2, (subjects, rules))  # the option that each rule calls right
        choice = ((belief * (good == 1)).sum(1) > .5).astype(int)
        is_right = good[np.arange(subjects), rule] == choice
        right += is_right
        paid = rng.random(subjects) < np.where(is_right, p, 1 - p)
        belief *= np.where((good == choice[:, None]) == paid[:, None], p, 1 - p)
        belief /= belief.sum(1, keepdims=True)
    right /= trials
    return right.mean(), right.std() / np.sqrt(subjects)


if __name__ == '__main__':
    for h in (.02, .05, .1):
        print(h, *(round(x, 5) for x in accuracy(h)))
