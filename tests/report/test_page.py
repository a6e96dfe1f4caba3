"""The report page, drawn by headless Chromium.

    /usr/bin/python3 -m pytest tests/report
    LABILE_BIN=build/labile    makes the pages with `labile report`, else they are assembled from src/report/page
    LABILE_PAGE=report.html    also checks a page that exists
    LABILE_SHOTS=folder        keeps the screenshots there
"""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import make_example  # noqa: E402
from page_tools import Dom, assemble, browse, chromium, framed, make_page  # noqa: E402

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

# Learning 2 + people 1, modulators 4 x 2, belief 2, matrices 2, predictions with a value 8, drugs 2 + 2 over doses, 1 over hours and 2 traces, people 4,
# fits 1 + 5; of group fits a comparison 1, one with effects, checks and recovery 11, one without 6, every cell 2.
CHARTS_OF_EXAMPLE = 60
PHONE, DESKTOP = 390, 1200


def draw(folder, results, width=DESKTOP):
    text = results if isinstance(results, str) else json.dumps(results, ensure_ascii=False)
    return Dom(browse(make_page(folder, text), "--dump-dom", width=width))


def changed(**fields):
    results = make_example.example()
    results.update(fields)
    return results


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return make_page(tmp_path_factory.mktemp("page"), json.dumps(make_example.example(), ensure_ascii=False))


@pytest.fixture(scope="module")
def dom(page):
    return Dom(browse(page, "--dump-dom"))


def drawn_problems(dom):
    """Attributes of SVG elements that hold no number where one belongs."""
    shapes = ("path", "line", "rect", "circle", "tspan", "text", "g", "svg")
    return [(tag, name, value) for tag, attributes in dom.elements if tag in shapes
            for name, value in attributes.items() if value and re.search(r"NaN|undefined|Infinity", value)]


def test_draws_every_chart_without_an_error(dom):
    assert dom.root.get("data-ready") == "true"
    assert "data-error" not in dom.root
    assert int(dom.root["data-charts"]) == CHARTS_OF_EXAMPLE
    assert len(dom.all("svg", **{"class": "chart"})) == CHARTS_OF_EXAMPLE


def test_sections_come_in_reading_order(dom):
    assert [section["id"] for section in dom.all("section")] == [
        "curves", "modulators", "signals", "effects", "predictions", "drugs", "people", "fits", "group-fits", "notes", "origin"]


def test_paths_hold_numbers(dom):
    paths = [path.get("d", "") for path in dom.all("path")]
    assert len(paths) > 100
    assert all(paths)
    assert drawn_problems(dom) == []
    for leak in ("NaN", "undefined", "[object"):
        assert leak not in dom.text


def test_charts_have_a_name_and_figures_a_title_and_caption(dom):
    for chart in dom.all("svg", **{"class": "chart"}):
        assert chart["role"] == "img" and len(chart["aria-label"]) > 10
    figures = len(dom.all("figure"))
    assert figures >= 9
    assert len(dom.all("figcaption")) == figures


def test_missing_bands_leave_a_gap_in_the_line(dom):
    # Noradrenaline has no value at trial 7: its path starts twice.
    assert any(path.get("class") == "line" and path["d"].count("M") == 2 for path in dom.all("path"))


@pytest.mark.parametrize("width", [320, PHONE, 768, DESKTOP])
def test_nothing_is_wider_than_the_window(page, width):
    root = Dom(browse(framed(page, width), "--dump-dom", width=max(width, 600))).root
    assert root["data-ready"] == "true"
    assert int(root["data-client-width"]) == width
    assert int(root["data-scroll-width"]) <= width


def test_loads_nothing_from_outside(page):
    text = page.read_text("utf-8")
    assert "Content-Security-Policy" in text and "default-src 'none'" in text
    assert re.findall(r"""<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)\s*=""", text) == []
    assert re.findall(r"""(?:url\(|@import|src\s*[=:]|href\s*=)\s*["']?(?:https?:)?//""", text) == []


def test_text_of_the_run_stays_text(page, dom):
    assert "data-broken" not in dom.root
    assert make_example.HOSTILE in dom.text
    assert dom.all("i") == [] and len(dom.all("script")) == 3
    assert page.read_text("utf-8").count("</script>") == 3


def test_group_fits_say_what_to_believe(dom):
    for words in ("3 draws <diverged>.", "The data say little: beta: hardly informed", "Not identified at this design (r below 0.5): beta",
                  "alpha and beta trade off", "drug <pill>, session 2", "We fitted <the learner>.", "From circuit to parameters",
                  "People: a <published> set", "Difference in alpha: drug: <pill> - placebo, mean over session"):
        assert words in dom.text, words


def test_drugs_say_what_they_hold_and_how_sure(dom):
    for words in ("DA lesion: a <pill>, 4 h after it was taken, in dorsal striatum alone", "labile describe drug a <pill>", "given, usual",
                  "Not established: a <pill>, dose that takes half of D2: 1.10 mg (guess); a <pill>, half-life: 19.5 h (guess).", "Lines end where the model has no answer: more is released",
                  "Places taken, dorsal striatum", "Places taken after 2 mg", "agents feel it", "Dose (mg, log scale)", "Concentration (µM)",
                  "What the drugs hold, region by region", "0.0160 → 0.0200", "1.60 times intact"):
        assert words in dom.text, words
    assert len(dom.all("rect", **{"class": "shade"})) == 4  # a burst and a pause, of concentration and D2


def test_a_run_with_doses_draws_them(tmp_path):
    if "LABILE_BIN" not in os.environ:
        pytest.skip("LABILE_BIN names no program")
    card = """
seed = 3
subjects = 20
metrics = ["switch_lag"]
[task]
name = "feature_reversal"
[[agent]]
model = "flex"
[[manipulation]]
condition = "both"
op = "dose"
drug = "citalopram"
amount = 20
[[manipulation]]
condition = "both"
op = "dose"
drug = "haloperidol"
amount = 2
regions = ["prefrontal"]
"""
    (tmp_path / "card.toml").write_text(card)
    subprocess.run([os.environ["LABILE_BIN"], "run", "card.toml", "--out", "out"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    dom = Dom(browse(tmp_path / "out" / "report.html", "--dump-dom"))
    assert dom.root.get("data-ready") == "true" and "data-error" not in dom.root
    assert drawn_problems(dom) == [] and "drugs" in [section["id"] for section in dom.all("section")]
    # Over doses: SERT in two regions and its handle; D2 and alpha1 in one, and its handle.
    assert sum(chart["aria-label"].count(" over doses of ") for chart in dom.all("svg", **{"class": "chart"})) == 5
    assert sum(chart["aria-label"].count(" over hours after ") for chart in dom.all("svg", **{"class": "chart"})) == 2
    for words in ("both: haloperidol, at its peak, in prefrontal alone", "SERT (5HT)", "alpha1, prefrontal", "5HT, dorsal striatum"):
        assert words in dom.text, words
    assert "alpha1, dorsal striatum" not in dom.text


def test_verdicts_are_words_beside_colors(dom):
    assert "4 of 9 predictions supported, 1 refuted, 3 undecided, 1 not run." in dom.text
    assert "tuned on this" in dom.text
    assert "doi:10.1037/0735-7044.120.2.298" in dom.text


def test_bounds_are_read_from_the_relations(dom):
    # One bound each for >=, <=, > and < (twice), two for "within" and "between", none for words.
    assert len(dom.all("rect", **{"class": "accepted"})) == 7
    assert len(dom.all("line", **{"class": "bound"})) == 5 + 2 * 2


ACT = """
document.querySelector('[data-toggle="condition-1"]').click();
const target = document.querySelector('rect.target');
const box = target.getBoundingClientRect();
target.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + 0.75 * box.width, clientY: box.top + 20, bubbles: true}));
document.documentElement.dataset.tip = document.getElementById('tip').textContent;
document.documentElement.dataset.off = new Set(Array.from(document.querySelectorAll('.off'), (n) => n.dataset.series)).size;
"""


def test_a_pointer_shows_values_and_a_legend_hides_conditions(page):
    acted = page.with_name("acted.html")
    acted.write_text(page.read_text("utf-8").replace("</body>", f"<script>{ACT}</script></body>"), "utf-8")
    root = Dom(browse(acted, "--dump-dom")).root
    assert root["data-off"] == "1"
    assert root["data-tip"].startswith("20 trials since the rule change")
    assert "NE lesion" in root["data-tip"] and "DA lesion" not in root["data-tip"]


def test_a_run_without_results_still_makes_a_page(tmp_path):
    dom = draw(tmp_path, make_example.minimal())
    assert dom.root["data-ready"] == "true" and "data-error" not in dom.root
    assert dom.root["data-charts"] == "0"
    assert "Nothing was run" in dom.text
    assert dom.all("section") == []


def test_an_empty_object_still_makes_a_page(tmp_path):
    dom = draw(tmp_path, "{}")
    assert dom.root["data-ready"] == "true" and "data-error" not in dom.root
    assert "Untitled run" in dom.text


def test_text_that_is_not_json_is_said_on_the_page(tmp_path, monkeypatch):
    monkeypatch.delenv("LABILE_BIN", raising=False)  # the program refuses such a file; the page must not rely on it
    dom = draw(tmp_path, '{"title": ')
    assert dom.root["data-ready"] == "true"
    assert "cannot be read as JSON" in dom.root["data-error"]
    assert "This report cannot be drawn." in dom.text


def test_fields_of_the_wrong_kind_are_named_and_left_out(tmp_path):
    dom = draw(tmp_path, changed(effects={"a": 1}, predictions=["x", None], notes=3))
    assert "data-error" not in dom.root
    assert '"effects" should be a list; it is left out.' in dom.text
    assert '"predictions" holds 2 entries that should be an object' in dom.text


def nulls_everywhere(value):
    """Every number replaced by null, the structure kept."""
    if isinstance(value, dict):
        return {key: nulls_everywhere(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [nulls_everywhere(entry) for entry in value]
    return value if isinstance(value, (str, bool)) else None


@pytest.mark.parametrize("part", ["cells", "effects", "predictions", "fits", "group_fits", "fit_comparisons", "pharmacology", "manifest", "card"])
def test_nulls_in_place_of_numbers_do_not_break_the_page(tmp_path, part):
    dom = draw(tmp_path, changed(**{part: nulls_everywhere(make_example.example()[part])}))
    assert dom.root["data-ready"] == "true" and "data-error" not in dom.root
    assert drawn_problems(dom) == []


def test_many_agents_variants_and_conditions_fit(tmp_path):
    results = make_example.example()
    plain = [cell for cell in results["cells"] if cell["source"] == "simulated"]
    results["cells"] += [dict(cell, agent="A second agent with a long name") for cell in plain]
    results["cells"] += [dict(cell, condition=f"{cell['condition']} and half of another") for cell in plain]
    results["agents"] = ["Flex"]          # what the lists lack is taken from the cells
    folder = tmp_path
    made = make_page(folder, json.dumps(results))
    dom = Dom(browse(made, "--dump-dom"))
    assert "data-error" not in dom.root and drawn_problems(dom) == []
    assert "p = 1 · A second agent with a long name" in dom.text
    assert "5-HT lesion and half of another" in dom.text
    root = Dom(browse(framed(made, PHONE), "--dump-dom")).root
    assert int(root["data-scroll-width"]) <= PHONE


@pytest.mark.parametrize("width,height", [(PHONE, 20000), (DESKTOP, 11000)])
def test_takes_screenshots(page, tmp_path, width, height):
    folder = pathlib.Path(os.environ.get("LABILE_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    shot = (folder / f"report-{width}.png").resolve()
    browse(framed(page, width), f"--screenshot={shot}", width=width, height=height)
    assert shot.stat().st_size > 50_000


def test_prints(page, tmp_path):
    folder = pathlib.Path(os.environ.get("LABILE_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    paper = (folder / "report.pdf").resolve()
    browse(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF")


@pytest.mark.skipif("LABILE_PAGE" not in os.environ, reason="LABILE_PAGE names no page")
def test_a_page_that_exists_is_drawn():
    dom = Dom(browse(pathlib.Path(os.environ["LABILE_PAGE"]), "--dump-dom"))
    assert dom.root.get("data-ready") == "true" and "data-error" not in dom.root
    assert int(dom.root["data-charts"]) > 0
    assert drawn_problems(dom) == []


def test_the_assembled_page_is_the_page_of_the_program(page):
    if "LABILE_BIN" not in os.environ:
        pytest.skip("LABILE_BIN names no program")
    assert page.read_text("utf-8") == assemble(page.with_name("results.json").read_text("utf-8"))


def test_draws_what_a_network_recorded(tmp_path):
    def trace(name, value):
        return {"kind": "concentration", "name": name, "unit": "µM", "about": "concentration", "every_ms": 8,
                "t_ms": [8, 16, 24], "value": value}
    networks = [{"condition": "intact", "traces": [trace("DA.striatum", [0.1, 0.2, 0.1]), trace("DA.prefrontal", [0, 0, 0])]},
                {"condition": "DA lesion", "traces": [trace("DA.striatum", [0.05, None, 0.05])]}]
    drawn = draw(tmp_path, changed(networks=networks))
    assert "data-error" not in drawn.root
    assert int(drawn.root["data-charts"]) == CHARTS_OF_EXAMPLE + 2
    assert not drawn_problems(drawn)
    assert "DA.prefrontal" in drawn.text and "What was recorded" in drawn.text
    # Nothing recorded, nothing drawn.
    assert int(draw(tmp_path, changed(networks=[{"condition": "intact", "traces": []}])).root["data-charts"]) == CHARTS_OF_EXAMPLE
