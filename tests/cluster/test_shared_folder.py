"""Whether a machine sees the store and its locks."""

import shutil

from valence.cluster.shared_folder import fault, held
from valence.store import RunStore


def test_a_lock_that_is_held_is_seen_and_gone_at_the_end(tmp_path):
    with held(RunStore(tmp_path / "runs")) as token:
        assert fault(token) == ""
    assert "sees no" in fault(token)
    assert not list((tmp_path / "runs" / ".locks").iterdir())


def test_a_file_system_without_common_locks_is_found_out(tmp_path):
    with held(RunStore(tmp_path / "runs")) as token:
        copy = tmp_path / "copy" / ".locks" / token.name
        copy.parent.mkdir(parents=True)
        shutil.copy(token, copy)
        assert "keeps no locks between machines" in fault(copy)
