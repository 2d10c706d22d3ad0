"""Every check has a defective specimen that it catches and a sound one that it passes."""

import importlib
import inspect
from pathlib import Path

import pytest

from valence.doctor import CHECKS, examine
from valence.doctor.check import SEVERITIES

HERE = Path(__file__).parent / "specimens"
NAMES = sorted(p.stem for p in HERE.glob("*.py"))


def specimens(name):
    return importlib.import_module(f"doctor.specimens.{name}")


def pairs(which):
    return [(name, specimen) for name in NAMES for specimen in getattr(specimens(name), which)]


def test_every_check_has_specimens_of_both_kinds():
    assert list(CHECKS.names) == NAMES
    assert all(specimens(name).DEFECTIVE and specimens(name).SOUND for name in NAMES)


@pytest.mark.parametrize("name", CHECKS.names)
def test_a_check_says_what_it_looks_for_and_where_it_was_seen(name):
    check = CHECKS.find(name)
    assert check.sentence.endswith(".")
    assert "\n" not in check.sentence
    assert check.seed
    assert check.needs
    assert all(inspect.isclass(part) for part in check.needs)


@pytest.mark.parametrize(("name", "specimen"), pairs("DEFECTIVE"))
def test_a_defective_specimen_is_caught_with_evidence_and_remedy(name, specimen, tmp_path):
    report = examine([specimens(name).DEFECTIVE[specimen](tmp_path)], [name])
    found = [finding for _, finding in report.subjects[0].findings if finding.severity != "note"]
    assert found, report.to_json()
    assert all(f.remedy and f.evidence and f.severity in SEVERITIES for f in found)


@pytest.mark.parametrize(("name", "specimen"), pairs("SOUND"))
def test_a_sound_specimen_is_examined_and_passed_by_all_checks(name, specimen, tmp_path):
    (subject,) = examine([specimens(name).SOUND[specimen](tmp_path)]).subjects
    assert name in subject.carried_out, dict(subject.not_examined)
    assert [(check, f) for check, f in subject.findings if check == name and f.severity != "note"] == []
    assert [(check, f) for check, f in subject.findings if f.severity == "error"] == []
