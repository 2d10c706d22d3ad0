from doctor.building import one, reviews
from valence.doctor.parts import LengthPolicy, Schedule


def plan(folder, text):
    path = folder / "plan.toml"
    path.write_text(f'{text}\ndata = "{reviews(folder).as_posix()}"\n', encoding="utf-8")
    return one(path)


def test_the_steps_of_a_network_are_counted_beforehand(tmp_path):
    """120 texts, a tenth held out; a small set is cut into about 32 batches an epoch."""
    found = plan(tmp_path, 'method = "cnn"\nepochs = 3').part(Schedule)
    assert 3 * 25 < found.steps < 3 * 45
    assert found.warmup == 0.05 * found.steps


def test_least_steps_of_an_encoder_are_kept(tmp_path):
    found = plan(tmp_path, 'method = "finetune"\nepochs = 2').part(Schedule)
    assert found.steps >= 200


def test_a_method_without_steps_says_so(tmp_path):
    assert plan(tmp_path, 'method = "nb_svm"').lacks((Schedule,)) == "nb_svm does not train by steps"
    assert plan(tmp_path, 'method = "nb_svm"').lacks((LengthPolicy,)) == "nb_svm reads whole texts"


def test_words_are_counted_and_tokens_estimated(tmp_path):
    words = plan(tmp_path, 'method = "cnn"').part(LengthPolicy)
    tokens = plan(tmp_path, 'method = "finetune"').part(LengthPolicy)
    assert (words.unit, words.estimated, words.limit) == ("words", False, 400)
    assert (tokens.unit, tokens.estimated, tokens.limit) == ("tokens", True, 512)
    assert tokens.lengths.sum() > words.lengths.sum()


def test_a_sweep_is_as_many_plans_as_it_has_runs(tmp_path):
    from valence.doctor import subjects

    path = tmp_path / "sweep.toml"
    path.write_text('[[runs]]\nmethod = ["cnn", "gru"]\nseed = [0, 1, 2]\n', encoding="utf-8")
    assert len(subjects([str(path)])) == 6
