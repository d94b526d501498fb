"""The guard against regressions: what is measured passes, and a sixth more work is found."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def guard(*arguments):
    return subprocess.run([ROOT / ".ci" / "guard", *arguments], capture_output=True, text=True, cwd=ROOT)


def test_no_stage_costs_more_than_before():
    found = guard()
    print(found.stdout)
    assert found.returncode == 0, found.stdout + found.stderr
    if "NOT COMPARED" in found.stdout:
        pytest.skip(found.stdout)
    assert found.stdout.count(" instructions, ") == 5


def test_more_work_is_found():
    found = guard("--planted", "20", "--stage", "decode")
    if "NOT COMPARED" in found.stdout:
        pytest.skip(found.stdout)
    assert found.returncode != 0 and "COSTS TOO MUCH" in found.stdout, found.stdout + found.stderr
    within = guard("--planted", "5", "--stage", "decode")
    assert within.returncode == 0, within.stdout + within.stderr
