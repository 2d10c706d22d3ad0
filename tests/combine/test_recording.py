import pytest

from valence.combine import combine
from valence.report.board import build
from valence.runner import load


def test_the_record_says_what_was_combined_and_what_it_costs(store, ids):
    made = combine(store, [ids["nb_svm"], ids["mean_embedding"]], "vote", weights="fitted", device="cpu")
    record, members = made.record, made.members
    assert record.preset == "vote (weights fitted) of nb_svm + mean_embedding"
    assert record.command == f"valence combine {ids['nb_svm']} {ids['mean_embedding']} --how vote --weights fitted"
    assert record.ids_digest == members[0].ids_digest
    assert record.cost.texts_per_second == pytest.approx(1 / sum(1 / m.cost.texts_per_second for m in members))
    assert record.cost.fit_seconds > sum(m.cost.fit_seconds for m in members)
    assert record.cost.total_parameters == sum(m.cost.total_parameters for m in members) + 2
    assert record.cost.size_bytes > sum(m.cost.size_bytes for m in members)
    assert record.provenance.data_digest == members[0].provenance.data_digest


def test_the_record_as_written_is_the_one_returned(store, ids):
    made = combine(store, [ids["nb_svm"], ids["mean_embedding"]], device="cpu")
    assert store.find(made.record.id) == made.record
    assert load(made.record.id, store, device="cpu")[0].size.total == made.record.cost.total_parameters


def test_the_board_ranks_it_among_its_members_and_takes_other_seeds_as_seeds_of_one_row(store, ids, data, fit_run):
    runs = [[ids["nb_svm"], ids["mean_embedding"]], [fit_run(store, name, data, seed=1) for name in ("nb_svm", "mean_embedding")]]
    for members in runs:
        combine(store, members, "stacking", device="cpu")
    rows = {row.first.preset: row for row in build(store, "reviews").rows}
    assert len(rows["stacking of nb_svm + mean_embedding"].seed_accuracies) == 2


def test_one_method_over_several_seeds_is_named_once(store, ids, data, fit_run):
    made = combine(store, [ids["mean_embedding"], fit_run(store, "mean_embedding", data, seed=1)], device="cpu")
    assert made.record.preset == "vote of 2 mean_embedding"
