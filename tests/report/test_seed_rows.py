from pathlib import Path

import pytest

from valence.errors import BadData
from valence.experiment import about, flat, preset_files
from valence.methods import METHODS
from valence.report.seed_rows import SECTIONS, read_board, render

ROOT = Path(__file__).parents[2]
OURS = {name: about(name) for name in preset_files() if "was_wrong" in about(name)}


def test_the_page_is_what_the_presets_and_the_board_say_today():
    page = (ROOT / "docs" / "seed_rows.md").read_text(encoding="utf-8")
    assert page == render(read_board(ROOT / "board")), "write it again: python -m valence.report.seed_rows board > docs/seed_rows.md"


def test_every_row_with_a_figure_of_the_original_says_what_was_wrong_with_it():
    silent = [name for name in preset_files() if "seed_accuracy" in about(name) and name not in OURS]
    assert OURS
    assert silent == []


@pytest.mark.parametrize("name", OURS)
def test_a_row_stands_in_one_section_and_is_measured_as_something_that_can_be_run(name):
    assert sum(flat(name)["method"] in methods for methods in SECTIONS.values()) == 1
    assert set(OURS[name].get("measured_as", ())) <= {*preset_files(), *METHODS.names}


def test_a_row_shows_the_figures_of_its_stand_in_and_one_without_says_so(tmp_path):
    table = "preset,accuracy,ci_low,ci_high,seeds\nlora,0.9573,0.9547,0.9597,2\np_tuning,0.9335,0.9303,0.9365,1\n"
    (tmp_path / "imdb.csv").write_text(table, encoding="utf-8")
    page = render(read_board(tmp_path)).splitlines()
    row = {line.split("`")[1]: line for line in page if line.startswith("| `")}
    assert "95.4" in row["deberta_lora"]
    assert row["deberta_lora"].endswith("`lora` 95.73 (95.47 to 95.97, 2 seeds) |")
    assert row["deberta_ptuning"].endswith("`p_tuning` 93.35 (93.03 to 93.65, one seed) |")
    assert row["deberta_prompt"].endswith("`prompt_tuning` not measured |")
    assert "| none |" in row["deberta_prefix"]


def test_a_folder_without_a_board_is_named(tmp_path):
    with pytest.raises(BadData, match=r"imdb.csv is not there. Write it with: valence board --data imdb"):
        read_board(tmp_path)
