#!/usr/bin/env python3
"""Clang's warnings, as errors, on the sources that CMake builds: read and analysed, no code made.

Usage: tools/check_clang.py BUILD [FOLDER ...]: a folder configured with clang (cmake --preset clang), and folders of the
repository whose sources are read; all without any. Headers of libraries are read once and kept
(a precompiled header), so what is missing is found here where it is a header of Labile's own, and of a library only where g++ builds the
file by itself.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

LIBRARIES = """algorithm array atomic bit charconv chrono cmath cstdint cstdlib cstring filesystem fstream functional limits map memory
mutex numeric optional set span sstream string string_view thread type_traits utility vector
fmt/format.h fmt/ranges.h nlohmann/json.hpp gtest/gtest.h""".split()
# They say how code is made; a precompiled header must agree with them in vain.
CODE = {"-g", "-fPIC", "-fPIE"}

build = pathlib.Path(sys.argv[1]).resolve()
entries = json.loads((build / "compile_commands.json").read_text())
sources = [e for e in entries if build not in pathlib.Path(e["file"]).parents]  # what is generated is data
folders = [pathlib.Path(f).resolve() for f in sys.argv[2:]]
wanted = [e for e in sources if not folders or any(f in pathlib.Path(e["file"]).parents for f in folders)]


def command(entry):
    words = [w for w in shlex.split(entry["command"]) if w not in CODE]
    out = words.index("-o")
    del words[out:out + 2]
    words.remove("-c")
    return words[:-1] + ["-fsyntax-only"]


def compiled(header):
    """The libraries' headers under the flags that all layers share."""
    plain = next(e for e in sources if "/src/core/" in e["file"])
    header.with_suffix(".hpp").write_text("".join(f"#include <{h}>\n" for h in LIBRARIES))
    words = [w for w in command(plain) if w != "-fsyntax-only"]
    # Without instantiations kept, every file would make them anew.
    words += ["-DGTEST_HAS_PTHREAD=1", "-fpch-instantiate-templates", "-x", "c++-header"]
    subprocess.run(words + [str(header.with_suffix(".hpp")), "-o", str(header)], cwd=plain["directory"], check=True)
    return header


def check(entry):
    words = command(entry)
    # The header is for one machine: not for files of a wider one, nor for the report, which is built for any.
    if "-march=x86-64-v3" in words and not any(w.startswith("-mavx512") for w in words):
        words += ["-include-pch", str(libraries)]
    done = subprocess.run(words + [entry["file"]], cwd=entry["directory"], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


libraries = compiled(build / "libraries.pch")
failed = 0
with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    for entry, (code, said) in zip(wanted, pool.map(check, wanted)):
        if code or said:
            print(said, end="", flush=True)
            print(f"{entry['file']}: exit status {code}", flush=True)
            failed += 1
print(f"clang: {len(wanted)} files read, {failed} with warnings")
sys.exit(bool(failed or not wanted))
