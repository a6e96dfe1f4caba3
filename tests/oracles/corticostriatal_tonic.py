"""The minimal corticostriatal prototype with tonic dopamine spikes, as docs/circuits.md compares it with ours.

The prototype (flex_spiking_minimal.py, in the reference folder beside this repository or in LABILE_REFERENCE) draws
dopamine spikes in the 200 ms after an outcome only. Here its cells also fire at 5 Hz at all other times, each spike
adding what the prototype's spikes add, less the tonic mean. Prints lags, acquisition and D1 weights of the old action.

    python3 tests/oracles/corticostriatal_tonic.py [networks a dose = 24] [--phasic for the prototype as it is]
"""
import os
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("LABILE_REFERENCE", ROOT.parent / "shared" / "reference"))
DECAY = "            DA*=np.exp(-1/tau_da)\n"
TONIC = ("            outside=(ch<0)|(t<tch+250)|(t>=tch+450)\n"
         "            DA+=outside*(rng.poisson(5e-3*NV*frac)/NV-5e-3*frac)/4.\n")


def load(tonic):
    source = (FOLDER / "flex_spiking_minimal.py").read_text()
    assert source.count(DECAY) == 1
    if tonic:
        source = source.replace(DECAY, DECAY + TONIC)
    module = {"__name__": "prototype"}
    exec(compile(source, "flex_spiking_minimal.py", "exec"), module)
    return module["sim"]


def first_run(right, length, start):
    """Trials until a run of `length` right choices is complete, less `start`; all of them when there is none."""
    run = 0
    for t, good in enumerate(right):
        run = run + 1 if good else 0
        if run == length:
            return t + 1 - start
    return len(right)


if __name__ == "__main__":
    networks = int(next((a for a in sys.argv[1:] if a.isdigit()), 24))
    doses = [1.0, 0.6, 0.35, 0.15]
    sim = load("--phasic" not in sys.argv)
    correct, _ = sim([{"da": d} for d in doses], nrep=networks, eta=0.02)
    for i, (dose, each) in enumerate(zip(doses, correct)):
        lag = [first_run(k[60:], 4, 4) for k in each]
        acquisition = [first_run(k[:60], 8, 0) for k in each]
        old = [w[i][0] for w in sim.W]  # D1 cells of the first side: right in the first block
        print(f"{dose:4.0%} of cells: lag {np.mean(lag):5.1f} ({np.std(lag, ddof=1) / np.sqrt(networks):.1f}), "
              f"acquisition {np.mean(acquisition):4.1f}, old D1 weight {old[0]:.2f} naive, {old[1]:.2f} trained, "
              f"{old[2]:.2f} reversed")
