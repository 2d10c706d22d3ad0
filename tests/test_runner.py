import json

import numpy as np
import pytest

from valence import runner
from valence.errors import BadData, BadSetting, FailedRun
from valence.experiment import experiment
from valence.methods._linear import LinearClassifier
from valence.methods.majority import Majority
from valence.methods.tfidf_linear import TfidfLinear
from valence.runner import RunJournal, load, prepare, run
from valence.store import RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def test_a_run_keeps_what_was_asked_what_came_out_and_what_it_cost(reviews_csv, store):
    e = experiment("tfidf_linear", data=str(reviews_csv), seed=3)
    record = run(e, store)
    assert record.status == "ok"
    assert record.metrics["accuracy"] > 0.8
    assert record.labels == ("negative", "positive")
    assert record.experiment["method"]["name"] == "tfidf_linear"
    assert record.cost.fit_seconds > 0
    assert record.cost.size_bytes > 0
    assert record.cost.peak_memory_bytes > 10_000_000
    assert record.provenance.versions["python"]
    assert record.provenance.device.startswith("CPU")
    assert store.find(e.id) == record
    assert len(store.predictions(e.id).ids) == 40


def test_a_finished_run_is_returned_not_repeated(reviews_csv, store, monkeypatch):
    e = experiment("majority", data=str(reviews_csv))
    first = run(e, store)
    monkeypatch.setattr(Majority, "fit", lambda *_: pytest.fail("fitted again"))
    assert run(e, store) == first


def test_other_data_under_the_same_name_are_run_again(reviews_csv, store):
    e = experiment("majority", data=str(reviews_csv))
    first = run(e, store)
    reviews_csv.write_text(reviews_csv.read_text(encoding="utf-8") + 'x1,"One more, and a joy.",positive,train\n', encoding="utf-8")
    assert run(e, store).provenance.data_digest != first.provenance.data_digest


def test_a_method_that_breaks_is_a_failed_run_with_its_reason(reviews_csv, store, monkeypatch):
    def breaks(*_):
        raise RuntimeError("the weights went to sea")

    monkeypatch.setattr(TfidfLinear, "fit", breaks)
    record = run(experiment("tfidf_linear", data=str(reviews_csv)), store)
    assert (record.status, record.error) == ("failed", "RuntimeError: the weights went to sea")
    assert "traceback" in " ".join(p.name for p in store.work(record.id).iterdir())


def test_the_record_says_how_a_classifier_found_its_weights(reviews_csv, store, monkeypatch):
    monkeypatch.setattr(LinearClassifier, "loaded", "tiny, dequantised q4_k_m", raising=False)
    record = run(experiment("tfidf_linear", data=str(reviews_csv)), store)
    assert record.provenance.weights == "tiny, dequantised q4_k_m"


@pytest.mark.parametrize(
    ("fill", "reason"),
    [(np.nan, "must be finite"), (0.5, "same probabilities"), (0.9, "sum to 1")],
    ids=["nan", "constant", "no distribution"],
)
def test_predictions_no_one_should_rank_fail_the_run(reviews_csv, store, monkeypatch, fill, reason):
    real = TfidfLinear.fit

    class Broken:
        def __init__(self, inner):
            self.size, self.save = inner.size, inner.save
            self._inner = inner

        def predict(self, texts):
            predictions = self._inner.predict(texts)
            predictions.probabilities[:] = fill
            return predictions

    monkeypatch.setattr(TfidfLinear, "fit", lambda *words: Broken(real(*words)))
    record = run(experiment("tfidf_linear", data=str(reviews_csv)), store)
    assert record.status == "failed"
    assert reason in record.error
    assert record.metrics == {}


def test_a_baseline_that_is_constant_by_design_ranks(reviews_csv, store):
    assert run(experiment("majority", data=str(reviews_csv)), store).status == "ok"


def test_ctrl_c_marks_the_run_interrupted_and_a_rerun_finishes_it(reviews_csv, store, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    e = experiment("tfidf_linear", data=str(reviews_csv))
    with monkeypatch.context() as patch:
        patch.setattr(TfidfLinear, "fit", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(e, store)
    assert store.find(e.id).status == "interrupted"
    assert run(e, store).status == "ok"


def test_a_failure_does_not_take_the_place_of_a_finished_run(reviews_csv, store, monkeypatch):
    e = experiment("tfidf_linear", data=str(reviews_csv))
    good = run(e, store)

    def breaks(*_):
        raise FailedRun("loss is nan")

    monkeypatch.setattr(TfidfLinear, "fit", breaks)
    assert run(e, store, again=True).status == "failed"
    assert store.find(e.id) == good


def test_withheld_test_labels_are_refused_with_the_way_out(tmp_path, store):
    path = tmp_path / "w.csv"
    path.write_text("text,label,split\n" + "".join(f"text {i},{i % 2},train\nother {i},,test\n" for i in range(9)), encoding="utf-8")
    with pytest.raises((BadSetting, Exception), match=r"label|test") as error:
        run(experiment("majority", data=str(path)), store)
    assert type(error.value).exit_code == 2
    assert store.ids() == []


def test_the_same_seed_gives_the_same_sample_and_valid_is_inside_it(reviews_csv):
    e = experiment("majority", data=str(reviews_csv), n_train=40, seed=1)
    first, second = prepare(e), prepare(e)
    assert first.train.ids == second.train.ids
    assert len(first.train) + len(first.valid) == 40
    assert not set(first.train.ids) & set(first.valid.ids)
    other = prepare(experiment("majority", data=str(reviews_csv), n_train=40, seed=2))
    assert other.train.ids != first.train.ids


def test_a_loaded_classifier_answers_as_the_run_did(reviews_csv, store):
    record = run(experiment("tfidf_linear", data=str(reviews_csv)), store)
    classifier, _ = load(record.id, store)
    scored = store.predictions(record.id)
    texts = dict(
        zip(
            prepare(experiment("majority", data=str(reviews_csv))).scored.ids,
            prepare(experiment("majority", data=str(reviews_csv))).scored.texts,
            strict=True,
        )
    )
    again = classifier.predict([texts[i] for i in scored.ids])
    np.testing.assert_array_equal(again.probabilities, scored.predictions.probabilities)


def test_a_run_without_a_model_says_how_to_make_one(reviews_csv, store):
    record = run(experiment("majority", data=str(reviews_csv)), store)
    import shutil

    shutil.rmtree(store.path(record.id) / "model")
    with pytest.raises(BadSetting, match=r"holds predictions but no model. Run it again with: valence run majority .* --again --store"):
        load(record.id, store)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"junk")])
def test_a_damaged_model_says_how_to_make_it_again(reviews_csv, store, damage):
    record = run(experiment("tfidf_linear", data=str(reviews_csv)), store)
    damage(next((store.path(record.id) / "model").glob("*.safetensors")))
    with pytest.raises(BadData, match=r"The model of tfidf_linear.* cannot be read \(.*\)\. Run it again: valence run .* --again --store"):
        load(record.id, store)


def test_an_interrupted_run_says_that_it_is_and_how_it_goes_on(reviews_csv, store, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TfidfLinear, "fit", stopped)
    chosen = experiment("tfidf_linear", data=str(reviews_csv))
    with pytest.raises(KeyboardInterrupt):
        run(chosen, store)
    with pytest.raises(BadSetting, match=r"is interrupted and holds no model \(Stopped by Ctrl-C\)\. Run it: valence run tfidf_linear"):
        load(chosen.id, store)


def test_a_device_that_exists_nowhere_is_refused_whatever_the_method(reviews_csv, store):
    with pytest.raises(BadSetting, match=r"No device 'gpu'\. Known: auto, cpu, cuda, cuda:1, mps"):
        run(experiment("majority", data=str(reviews_csv)), store, device="gpu")


def test_the_journal_drops_rows_that_a_resumed_fit_writes_again(tmp_path):
    journal = RunJournal(tmp_path, None)
    for step in (1, 2, 3):
        journal.log(step, loss=1.0 / step)
    resumed = RunJournal(tmp_path, None)
    resumed.log(2, loss=0.25)
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows == [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.25}]
    assert resumed.seconds > journal.seconds * 0


def test_a_seed_too_large_for_the_libraries_is_refused(reviews_csv, store):
    with pytest.raises(BadSetting, match="must be below 4294967296"):
        run(experiment("majority", data=str(reviews_csv), seed=runner.SEEDS), store)


def test_a_size_per_class_is_the_run_s_number_of_labels(reviews_csv, tmp_path):
    record = run(experiment("tfidf_linear", data=str(reviews_csv), per_class=16), RunStore(tmp_path))
    assert (record.status, record.n_train) == ("ok", 32)


def test_the_original_documents_figure_stands_beside_runs_on_its_own_data_only(reviews_csv, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "about", lambda _: {"seed_accuracy": 0.773})
    monkeypatch.setattr(runner, "flat", lambda _: {"method": "majority", "data": str(reviews_csv)})
    other = tmp_path / "other.csv"
    other.write_text(reviews_csv.read_text(encoding="utf-8"), encoding="utf-8")
    shown = [
        run(experiment("majority", **given), RunStore(tmp_path / "runs")).seed_accuracy
        for given in ({"data": str(reviews_csv)}, {"data": str(reviews_csv), "n_train": 20}, {"data": str(other)})
    ]
    assert shown == [0.773, None, None]
