"""Installs Labile into a folder of its own and builds a program against it."""
import json
import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("LABILE_BUILD", ROOT / "build" / "release"))


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labile")
    if "LABILE_BUILD" not in os.environ:  # by hand; ctest runs what was built
        run("cmake", "--build", BUILD, "--target", "labile", "labile_archive")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    # An installation can be moved: nothing in it may point to where it was made.
    (folder / "first").rename(folder / "moved")
    return folder / "moved"


def test_what_is_installed(prefix):
    names = {p.name for p in prefix.rglob("*") if p.is_file()}
    assert {"labile", "liblabile.a", "labile.hpp", "labileConfig.cmake", "labileConfigVersion.cmake", "labileTargets.cmake",
            "LICENSE"} <= names
    assert not [n for n in names if n.endswith((".o", ".cpp", ".in"))]
    assert not [n for n in names if n.endswith(".hpp") and n != "labile.hpp"]  # no internal header
    for p in prefix.rglob("*.cmake"):
        assert str(ROOT) not in p.read_text(), p
    header = next(prefix.rglob("labile.hpp")).read_text()
    assert not re.search(r'#include ["<](?!cstdint|limits|string|string_view|vector|labile/labile.hpp)', header)


def test_program(prefix, tmp_path):
    assert "labile" in run(prefix / "bin" / "labile", "--version")
    (tmp_path / "card.toml").write_text('seed = 1\nsubjects = 20\nmetrics = ["accuracy"]\n[task]\nname = "bandit_reversal"\n'
                                        '[[agent]]\nmodel = "rescorla_wagner"\n')
    run(prefix / "bin" / "labile", "run", "card.toml", cwd=tmp_path)
    assert json.loads((tmp_path / "labile-report" / "results.json").read_text())["cells"]
    assert "The card is good" in run(prefix / "bin" / "labile", "run", "reversal_lesions", "--dry", cwd=tmp_path)


def test_consumer(prefix, tmp_path):
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release"]
    if re.search("fsanitize=(thread|address)", (BUILD / "CMakeCache.txt").read_text()):
        pytest.skip("a program must be built with the sanitizer that its library has")
    run("cmake", "-S", HERE / "consumer", "-B", tmp_path, *options)
    run("cmake", "--build", tmp_path)
    said = run(tmp_path / "consumer", cwd=tmp_path)
    print(said)
    lags = [float(x) for x in re.findall(r": (\d+\.\d+) \[", said)]
    assert len(lags) == 2 and lags[1] > lags[0]
    assert "blunted dopamine slows the switch: supported" in said
    for line in ("json 1", "same 1", "nobody 1", "did you mean 'p_better'", "did you mean 'accuracy'"):
        assert line in said
    assert "version " in said
