"""Triton's interpreter, which carries out our kernels on a CPU."""

import os
import warnings

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when triton is imported, which transformers does


@pytest.fixture
def interpreter(monkeypatch):
    """Let Triton's programs run on the CPU; skips where they cannot."""
    if torch.cuda.is_available():
        pytest.skip("the interpreter stands in where there is no GPU")
    pytest.importorskip("triton", reason="triton is not installed; it has wheels for Linux only")
    import triton.language
    from triton.runtime import interpreter

    if not isinstance(triton.language.zeros, interpreter.InterpretedFunction):
        pytest.skip("triton was imported before TRITON_INTERPRET=1 was set: set it in the environment, or run these tests alone")
    patch = interpreter._patch_lang_tensor

    def patched(tensor, scope):
        patch(tensor, scope)
        # Triton 3.6 takes an array of one number for a number, which NumPy 2.4 does not
        scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))

    monkeypatch.setattr(interpreter, "_patch_lang_tensor", patched)
    # what is not written is NaN then; programs compute with what lies behind a text before they mask it, of which NumPy would warn
    torch.use_deterministic_algorithms(True)
    with np.errstate(invalid="ignore", over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
    torch.use_deterministic_algorithms(False)
