"""Drugs: what `labile describe` says of them, doses in cards, and what is refused."""
import json

import pytest
from labile_cli import good, labile, results

SURE = {"checked", "recalled", "unsure", "guess", "ours"}
HEAD = """\
seed = 3
subjects = 200
record = "all"
metrics = ["switch_lag", "accuracy"]
[task]
name = "feature_reversal"
[[agent]]
model = "flex"
"""
DOSE = '[[manipulation]]\ncondition = "drug"\nop = "dose"\ndrug = "{}"\namount = {}\n'


def drugs():
    return json.loads(good("describe", "drug", "--json"))


def handles(folder, text, name="card.toml"):
    """What doses set handles to, as the run says, and the run's results."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    good("run", name, "--out", "out", cwd=folder)
    r = results(folder / "out")
    note = next(n for n in r["notes"] if n.startswith("Condition 'drug'"))
    return {w.rsplit(" ", 1)[0]: float(w.rsplit(" ", 1)[1]) for w in note.rstrip(".").split(": ")[-1].split(", ")}, r


def values(r, condition):
    return {k: v["value"] for c in r["cells"] if c["condition"] == condition for k, v in c["metrics"].items()}


def test_every_number_says_how_sure_it_is():
    modulators = json.loads(good("describe", "modulator", "--json"))
    assert {m["name"] for m in modulators} == {"dopamine", "noradrenaline", "serotonin", "acetylcholine"}
    numbers = [(m["name"], k, c) for m in [*modulators, *drugs()] for k, c in m["constants"].items()]
    numbers += [(d["name"], t["site"], t["ki"]) for d in drugs() for t in d["targets"] if t["ki"]]
    assert len(numbers) > 150
    for name, key, c in numbers:
        assert c["sure"] in SURE, (name, key)
        assert c["source"] and c["unit"], (name, key)
        assert c["sure"] != "checked" or len(c["source"]) > 15, (name, key)


def test_the_formulary():
    names = {d["name"] for d in drugs()}
    assert {"haloperidol", "raclopride", "quinpirole", "amisulpride", "levodopa", "methylphenidate", "atomoxetine", "propranolol",
            "prazosin", "guanfacine", "citalopram", "tryptophan_depletion", "scopolamine", "biperiden", "donepezil",
            "nicotine"} <= names
    said = good("describe", "drug", "haloperidol")
    assert "D2" in said and "guess" in said and "Take nothing below 'recalled' for established" in said
    # Half at the half-occupying dose: dose / (dose + ed50).
    for d in drugs():
        for row in d["occupancy"]:
            ed50 = next(c["value"] for k, c in d["constants"].items() if k.startswith("takes half of"))
            assert row["occupied"] == pytest.approx(row["dose"] / (row["dose"] + ed50))
    assert good("describe", "modulator", "DA").startswith("modulator dopamine (DA)")


def test_doses_go_through_receptors(tmp_path):
    # Scopolamine .4 mg, ed50 .2: B = 2 at M1. Acetylcholine at rest 5 Hz x 1 µM / 50 per s = .1 µM of an EC50 of 1, nothing feeds back.
    ed50 = next(d for d in drugs() if d["name"] == "scopolamine")["constants"]["takes half of M1"]["value"]
    h, r = handles(tmp_path / "a", HEAD + DOSE.format("scopolamine", 0.4))
    assert h["ach.release"] == pytest.approx((1 + 1.1 / (1.1 + 0.4 / ed50)) / 2, abs=1e-3)
    assert set(h) == {"ach.release"}  # handles that a drug leaves alone are free for other manipulations
    # What a dose does is what these handles do.
    same = HEAD + '[[manipulation]]\ncondition = "drug"\nop = "set"\ntarget = "ach.release"\namount = {}\n'.format(
        (1 + 1.1 / (1.1 + 0.4 / ed50)) / 2)
    (tmp_path / "b.toml").write_text(same)
    good("run", "b.toml", "--out", "out", cwd=tmp_path)
    assert values(r, "drug") == pytest.approx(values(results(tmp_path / "out"), "drug"), rel=1e-9)
    assert values(r, "drug") != values(r, "intact")
    # The written card is the same card.
    good("run", tmp_path / "a" / "out" / "card.toml", "--out", "again", cwd=tmp_path)
    assert results(tmp_path / "again")["cells"] == r["cells"]


def test_results_hold_what_drugs_do(tmp_path):
    h, r = handles(tmp_path / "a", HEAD + DOSE.format("scopolamine", 0.4))
    one, = r["pharmacology"]
    assert one["condition"] == "drug" and one["doses"][0] | {"usual": 0} == {
        "drug": "scopolamine", "does": one["doses"][0]["does"], "own": False, "amount": 0.4, "unit": "mg", "usual": 0, "hours": None, "chronic": False, "regions": []}
    # B / (1 + x + B), with x = 0.1.
    b = 0.4 / next(d for d in drugs() if d["name"] == "scopolamine")["constants"]["takes half of M1"]["value"]
    m1 = [s for s in one["sites"] if s["site"] == "M1"]
    assert {s["region"] for s in m1} == {"dorsal_striatum", "prefrontal"}
    for s in m1:
        assert s["taken"] == pytest.approx(b / (1.1 + b), rel=1e-4) and s["sure"] == "guess"
        assert {c["sure"] for c in s["rests_on"]} <= SURE
    active = next(a for a in one["activations"] if a["receptor"] == "M1")
    assert active["intact"]["rest"] == pytest.approx(0.1 / 1.1, rel=1e-4) and active["drug"]["rest"] == pytest.approx(0.1 / (1.1 + b), rel=1e-4)
    assert active["drug"]["pause"] < active["drug"]["rest"] < active["drug"]["burst"] < active["intact"]["burst"]
    # The curve goes through the dose given and what the run says of it.
    curve, = one["dose_response"]
    at = curve["grid"].index(0.4)
    assert [x["handle"] for x in curve["handles"]] == ["ach.release"] == [x["handle"] for x in one["handles"]]
    assert curve["handles"][0]["values"][at] == pytest.approx(one["handles"][0]["value"], rel=1e-4)
    assert one["handles"][0]["value"] == pytest.approx(h["ach.release"], abs=1e-3)
    for t in one["traces"]:
        assert {len(one["trace_times"]["ms"])} == {len(t["intact"]), len(t["drug"]), *(len(x["drug"]) for x in t["receptors"])}
    # The report holds it; cards without doses have nothing of it.
    assert '"pharmacology"' in (tmp_path / "a" / "out" / "report.html").read_text()
    lesion = '[[manipulation]]\ncondition = "lesion"\nop = "lesion"\ntarget = "da.release"\namount = 0.5\n'
    (tmp_path / "b.toml").write_text(HEAD + lesion)
    good("run", "b.toml", "--out", "out", cwd=tmp_path)
    assert "pharmacology" not in results(tmp_path / "out")


def test_describe_prints_dose_and_effect():
    for d in drugs():
        curves = d["dose_response"]
        usual = d["constants"]["usual dose in studies"]["value"]
        assert curves["grid"] == pytest.approx([usual * x for x in (0.25, 0.5, 1, 2, 4)], rel=1e-4)
        assert curves["sites"] or curves["releases"], d["name"]
        for s in curves["sites"]:
            assert s["taken"] == sorted(s["taken"]) and 0 < s["taken"][0] < s["taken"][-1] < 1
        assert {c["sure"] for c in curves["rests_on"]} <= SURE
    said = good("describe", "drug", "haloperidol").splitlines()
    head = next(i for i, line in enumerate(said) if "D2 in dorsal_striatum" in line and "da.tonic" in line)
    assert [line.split()[0] for line in said[head + 1:head + 6]] == ["0.5", "1", "2", "4", "8"]


def test_signs_sites_and_times(tmp_path):
    def only(name, dose, more="", folder=iter(range(99))):
        return handles(tmp_path / str(next(folder)), HEAD + DOSE.format(name, dose) + more)[0]

    none = only("haloperidol", 0)
    assert none == {"da.release": 1, "da.tonic": 0, "ach.release": 1, "ne.release": 1, "ser.release": 1}
    low, high = only("haloperidol", 0.5), only("haloperidol", 8)
    assert high["da.tonic"] < low["da.tonic"] < 0 and high["da.release"] < low["da.release"] < 1
    assert only("levodopa", 100)["da.release"] > 1
    assert only("citalopram", 20)["ser.release"] > 1 > only("tryptophan_depletion", 100)["ser.release"]
    assert only("propranolol", 40)["ne.release"] < 1
    assert only("atomoxetine", 40)["ne.release"] > 1 and only("methylphenidate", 20)["ne.release"] > 1
    # D2 alone in the striatum, alpha1 alone in the cortex.
    assert set(only("haloperidol", 2, 'regions = ["dorsal_striatum"]\n')) == {"da.release", "da.tonic"}
    assert set(only("haloperidol", 2, 'regions = ["prefrontal"]\n')) == {"ne.release"}
    both = only("citalopram", 20, '[[manipulation]]\ncondition = "drug"\nop = "lesion"\ntarget = "da.release"\namount = 0.5\n')
    assert set(both) == {"ser.release"}
    assert only("donepezil", 5)["ach.release"] > 1
    # Only where it is: alpha1 and beta are read in prefrontal cortex.
    assert only("propranolol", 40, 'regions = ["dorsal_striatum"]\n')["ne.release"] == 1
    at_peak, late = only("propranolol", 40, "hours = 2\n"), only("propranolol", 40, "hours = 12\n")
    assert at_peak["ne.release"] == pytest.approx(only("propranolol", 40)["ne.release"])
    assert at_peak["ne.release"] < late["ne.release"] < 1


OWN_DOPAMINE = """
[[modulator]]
name = "dopamine"
short = "DA"
tonic_hz = 4
quantum = 0.1
[[modulator.transporter]]
name = "DAT"
km = 0.2
vmax = 4
[[modulator.receptor]]
name = "D1"
ec50 = 1
[[modulator.receptor]]
name = "D2"
ec50 = 0.01
"""
LESION = '[[manipulation]]\ncondition = "drug"\nop = "lesion"\nmodulator = "{}"\namount = {}\n'


def test_lesions_of_nuclei_have_a_site(tmp_path):
    def only(text, folder=iter(range(99))):
        return handles(tmp_path / str(next(folder)), HEAD + text)[0]

    # Acetylcholine at rest: .1 µM of an EC50 of 1 at both receptors, nothing feeds back; 70% lost leaves .03 µM.
    left = (0.03 / 1.03) / (0.1 / 1.1)
    assert only(LESION.format("ACh", 0.7)) == {"ach.release": pytest.approx(left, abs=1e-3)}
    assert only(LESION.format("ACh", 0.7) + 'regions = ["prefrontal"]\n') == {"ach.release": pytest.approx(left, abs=1e-3)}
    assert only(LESION.format("ACh", 0.7) + 'regions = ["dorsal_striatum"]\n')["ach.release"] == 1
    spared = only(LESION.format("DA", 0.8) + 'regions = ["dorsal_striatum"]\n')
    gone = only(LESION.format("DA", 0.8) + 'regions = ["dorsal_striatum"]\nuptake = true\n')
    assert spared["da.tonic"] < 0 and "da.tonic" not in gone  # Km J / (Vmax - J) with J and Vmax both at a fifth
    # A lesion and a dose act together: a precursor cannot be worth more than what is left to release it.
    both = only(LESION.format("DA", 0.65) + DOSE.format("levodopa", 100))
    assert spared["da.release"] < both["da.release"] < only(DOSE.format("levodopa", 100))["da.release"]


OWN = """
[[drug]]
name = "scopolamine"
unit = "mg"
[[drug.target]]
site = "M1"
action = "antagonist"
[drug.dose]
site = "M1"
ed50 = 0.1
"""


def test_drugs_and_modulators_of_the_cards_own(tmp_path):
    h, _ = handles(tmp_path / "a", HEAD + OWN + DOSE.format("scopolamine", 0.4))
    assert h["ach.release"] == pytest.approx((1 + 1.1 / (1.1 + 4)) / 2, abs=1e-3)
    # Serotonin that nothing holds back, at 2 Hz x .02 µM = .04 µM/s: C = Km J / (Vmax - J); an uptake blocker at I = 3 makes Km four times as large.
    text = """
[[modulator]]
name = "serotonin"
short = "5HT"
tonic_hz = 2
quantum = 0.02
[[modulator.transporter]]
name = "SERT"
km = 0.2
vmax = 0.84
[[modulator.receptor]]
name = "5HT1A"
ec50 = 0.01
[[modulator.receptor]]
name = "5HT2A"
ec50 = 0.3
[[modulator.receptor]]
name = "5HT2C"
ec50 = 0.1
"""
    h, r = handles(tmp_path / "b", HEAD + text + DOSE.format("citalopram", 18))
    ed50 = next(d for d in drugs() if d["name"] == "citalopram")["constants"]["takes half of SERT"]["value"]
    before, after = 0.2 * 0.04 / 0.8, 0.2 * (1 + 18 / ed50) * 0.04 / 0.8
    wanted = sum(after / (after + e) / (before / (before + e)) for e in (0.01, 0.3, 0.1)) / 3
    assert h["ser.release"] == pytest.approx(wanted, abs=6e-3)
    # The written card has the tables too.
    good("run", tmp_path / "b" / "out" / "card.toml", "--out", "again", cwd=tmp_path)
    assert results(tmp_path / "again")["cells"] == r["cells"]


def test_a_dry_run_says_what_a_dose_sets(tmp_path):
    (tmp_path / "card.toml").write_text(HEAD + DOSE.format("scopolamine", 0.4))
    assert "note: Condition 'drug': 0.4 mg of scopolamine at its peak: ach.release" in good("run", "card.toml", "--dry", cwd=tmp_path)


def test_chronic_doses_desensitize_autoreceptors(tmp_path):
    acute, _ = handles(tmp_path / "a", HEAD + DOSE.format("citalopram", 20))
    chronic, _ = handles(tmp_path / "b", HEAD + DOSE.format("citalopram", 20) + "chronic = true\n")
    assert chronic["ser.release"] > acute["ser.release"] > 1


def test_a_spiking_circuit_hears_d1_and_d2_apart(tmp_path):
    card = HEAD.replace("subjects = 200", "subjects = 2").replace('name = "feature_reversal"', 'name = "bandit_reversal"\nblocks = [4, 4]')
    card = card.replace('model = "flex"', 'model = "corticostriatal_minimal"')
    h, _ = handles(tmp_path / "a", card + DOSE.format("haloperidol", 2))
    assert set(h) == {"striatum.D1", "striatum.D2"} and h["striatum.D2"] < 0.8 and h["striatum.D1"] > h["striatum.D2"]


@pytest.mark.parametrize("text, said", [
    (DOSE.format("haloperidole", 2), "did you mean 'haloperidol'"),
    (DOSE.format("haloperidol", -2), "-2 mg must be at least 0"),
    (DOSE.format("haloperidol", 2) + 'regions = ["prefrontl"]\n', "did you mean 'prefrontal'"),
    (DOSE.format("haloperidol", 2) + 'regions = []\n', "leave it out for everywhere"),
    (LESION.format("DAA", 0.5), "no modulator is called 'DAA'"),
    (LESION.format("ACh", 0.5) + "uptake = true\n", "carry no transporter there"),
    (LESION.format("DA", 1) + "uptake = true\n", "nothing clears dopamine"),
    (DOSE.format("citalopram", 20) + 'chronic = true\nat = "reversal"\n', "it is there from the start"),
    (OWN.replace("site = \"M1\"\naction", "site = \"M11\"\naction") + DOSE.format("scopolamine", 1), "M1"),
    (OWN_DOPAMINE + LESION.format("DA", 0.5), "it wants a burst_hz above tonic_hz"),
    (LESION.format("DA", 1.5), "1.5 is out of bounds"),
    (LESION.format("DA", 0.5) + 'target = "da.release"\n', "write one of them"),
    (LESION.format("DA", 0.5) + 'regions = ["cortex"]\n', "no region is called 'cortex'"),
    (LESION.format("DA", 0.5) + "chronic = true\n", 'is for op = "dose" only'),
    (DOSE.format("haloperidol", 2) + "uptake = true\n", 'for op = "lesion" with a modulator only'),
    (DOSE.format("citalopram", 20) + "chronic = true\nhours = 3\n", "a chronic one is at its peak"),
    (OWN.replace("ed50 = 0.1", "ed50 = -1") + DOSE.format("scopolamine", 1), "is not within"),
    (DOSE.format("haloperidol", 2) + 'regions = ["prefrontal", "prefrontal"]\n', "named twice"),
    (DOSE.format("levodopa", 10000), "more is released than is cleared"),
    (DOSE.format("donepezil", 1000), "allowed: 0 to 10"),
    (DOSE.format("haloperidol", 2) + 'target = "da.release"\n', "a dose has no target"),
    (DOSE.format("haloperidol", 2) + "hours = -1\n", "hours"),
    (DOSE.format("haloperidol", 2) + '[[manipulation]]\ncondition = "drug"\ntarget = "da.release"\namount = 0.5\n',
     "'da.release' is set by haloperidol too"),
    (DOSE.format("haloperidol", 2) + DOSE.format("levodopa", 100) + "trial = 5\n", "begins at different times"),
    ('[[manipulation]]\ncondition = "drug"\nop = "scale"\ntarget = "da.release"\namount = 1\ndrug = "levodopa"\n',
     'is for op = "dose" only'),
    ('[[manipulation]]\ncondition = "drug"\nop = "dose"\namount = 1\n', "drug"),
    (2 * '[[manipulation]]\ncondition = "drug"\ntarget = "da.release"\namount = 0.5\n', "'da.release' is set in line 9 too"),
])
def test_refusals(tmp_path, text, said):
    (tmp_path / "card.toml").write_text(HEAD + text)
    done = labile("run", "card.toml", "--dry", cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr and "card.toml:" in done.stderr, done.stderr
    assert not (tmp_path / "labile-report").exists()
