"""What a run that asks for unsloth is told where it cannot be had."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from valence.errors import BadSetting, MissingPackage
from valence.methods.lora import Lora
from valence.training.unsloth import check_unsloth, import_unsloth
from valence.types import Split, Task


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"valence\[unsloth\]"):
        check_unsloth()


def test_without_a_gpu_the_engines_that_need_none_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: importlib.machinery.ModuleSpec(name, None))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    if hasattr(torch, "xpu"):
        monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    with pytest.raises(BadSetting, match="packed or trainer"):
        check_unsloth()


def test_a_method_is_refused_before_its_backbone_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "unsloth" else found(name, *rest))
    texts = Split(("a", "b"), ("Good.", "Bad."), np.array([1, 0]))
    with pytest.raises(MissingPackage):
        Lora(engine="unsloth", backbone="no-such-backbone").fit(texts, texts, Task(("bad", "good")))


def test_importing_it_prints_nothing_and_leaves_the_working_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unsloth.py").write_text("import os; print('banner')\nSEEN = dict(os.environ)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "unsloth", raising=False)
    for name in ("UNSLOTH_DISABLE_STATISTICS", "UNSLOTH_COMPILE_LOCATION"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    seen = import_unsloth().SEEN
    monkeypatch.delitem(sys.modules, "unsloth")
    assert capsys.readouterr().out == ""
    assert seen["UNSLOTH_DISABLE_STATISTICS"] == "1"
    assert Path(seen["UNSLOTH_COMPILE_LOCATION"]).is_absolute()
