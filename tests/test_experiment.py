import pytest

from valence.errors import BadSetting, UnknownName
from valence.experiment import Experiment, data_title, experiment, preset_files
from valence.methods import METHODS


def test_settings_are_flat_and_land_where_they_belong():
    e = experiment("tfidf_linear", data="sst2", n_train=64, seed=3, cost=2.0)
    assert (e.data, e.n_train, e.seed, e.method.cost) == ("sst2", 64, 3, 2.0)


def test_the_id_hashes_what_differs_from_the_defaults_only():
    assert experiment("tfidf_linear").id == experiment("tfidf_linear", data="imdb", seed=0).id
    assert experiment("tfidf_linear").id != experiment("tfidf_linear", cost=2.5).id
    assert experiment("tfidf_linear").id.startswith("tfidf_linear--imdb--nall--s0--")


def test_ids_made_today_are_the_ids_of_tomorrow():
    # a change here orphans every committed run: a new field must leave it as it is
    assert experiment("majority").differences() == {"method": "majority"}
    assert experiment("majority").id == "majority--imdb--nall--s0--fa457ef1"


def test_runs_that_differ_by_seed_share_a_group():
    assert experiment("majority", seed=1).group == experiment("majority", seed=2).group
    assert experiment("majority", seed=1).group != experiment("majority", seed=1, n_train=10).group


def test_two_files_of_one_name_are_two_experiments(tmp_path):
    a, b = experiment("majority", data=str(tmp_path / "a" / "my.csv")), experiment("majority", data=str(tmp_path / "b" / "my.csv"))
    assert a.id != b.id
    assert a.data_title == b.data_title == "my"


@pytest.mark.parametrize(
    ("path", "title"), [("imdb", "imdb"), ("x/my reviews.v2.csv", "my_reviews"), ("./.csv", "data"), ("my/imdb.csv", "imdb_file")]
)
def test_a_path_gives_a_title_fit_for_a_file_name(path, title):
    assert data_title(path) == title


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UnknownName, match=r"No setting of tfidf_linear 'n_trian'. Did you mean 'n_train'\?"):
        experiment("tfidf_linear", n_trian=5)


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(UnknownName, match=r"Did you mean 'nb_svm'\?"):
        experiment("nb_swm")


def test_a_value_out_of_range_is_one_line():
    with pytest.raises(BadSetting) as error:
        experiment("majority", n_train=0)
    assert str(error.value) == "majority: n_train = 0 cannot be: Input should be greater than 0."


def test_settings_that_do_not_go_together_are_named_without_all_the_others():
    with pytest.raises(BadSetting) as error:
        experiment("cnn", report_to="mlflow", engine="packed")
    assert str(error.value).startswith("cnn: report_to mlflow needs engine trainer;")
    assert "batch_tokens" not in str(error.value)


def test_a_file_of_settings_is_run_by_a_command_that_names_its_method(tmp_path):
    file = tmp_path / "one.toml"
    file.write_text('method = "nb_svm"\nseed = 3\nn_train = 50\n', encoding="utf-8")
    found = experiment(str(file))
    assert (found.title, found.command()) == ("one", "valence run nb_svm --n-train 50 --seed 3")


def test_a_sweep_is_not_run_as_one_experiment(tmp_path):
    file = tmp_path / "many.toml"
    file.write_text('[[runs]]\nmethod = "nb_svm"\n', encoding="utf-8")
    with pytest.raises(BadSetting, match="it is a sweep"):
        experiment(str(file))


def test_an_experiment_survives_a_round_trip_through_json():
    e = experiment("nb_svm", n_train=100, seed=5)
    assert Experiment.model_validate_json(e.model_dump_json()) == e


def test_the_command_writes_truths_and_lists_as_the_command_line_reads_them():
    assert experiment("cnn", widths=[2, 3], valid_fraction=0.2).command() == "valence run cnn --valid-fraction 0.2 --widths 2 3"
    assert experiment("cnn", data="my film reviews.csv").command().endswith("/my film reviews.csv'"), "a space is quoted"
    assert experiment("lora", rank_stabilised=True).command() == "valence run lora --rank-stabilised"


def test_the_command_names_a_setting_of_the_preset_that_was_set_back_to_the_method_s_default():
    assert experiment("qlora_qwen_coder").method.epochs == 2
    assert experiment("qlora_qwen_coder", epochs=1).command() == "valence run qlora_qwen_coder --epochs 1"
    assert experiment("qlora_qwen_coder", epochs=2).command() == "valence run qlora_qwen_coder"


def test_the_command_runs_the_same_experiment_again():
    assert experiment("tfidf_linear", cost=2.5, seed=2, n_train=10).command() == "valence run tfidf_linear --n-train 10 --cost 2.5 --seed 2"


def test_a_toml_file_is_a_preset_of_its_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('method = "tfidf_linear"\ncost = 2.0\nn_train = 10\n', encoding="utf-8")
    e = experiment(str(path))
    assert (e.title, e.method.cost, e.n_train) == ("mine", 2.0, 10)


@pytest.mark.parametrize(("text", "expected"), [("method = ", "not valid TOML"), ("c = 1\n", "names no method")])
def test_a_broken_toml_file_is_one_line(tmp_path, text, expected):
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=expected):
        experiment(str(path))


@pytest.mark.parametrize("name", METHODS.names)
def test_no_setting_of_a_method_hides_a_flag_of_the_command(name):
    from valence.verbs.run import OPTIONS

    reserved = {*Experiment.model_fields, *OPTIONS}
    assert not reserved & set(METHODS.find(name).model_fields)


@pytest.mark.parametrize("name", preset_files())
def test_every_preset_is_a_valid_experiment_and_says_what_it_is(name):
    from valence.experiment import about

    assert experiment(name).preset == name
    assert about(name).get("about"), f"presets/{name}.toml needs a line: about = ..."


def test_a_size_per_class_names_the_run_and_leaves_old_ids_alone():
    assert experiment("majority", data="sst2", per_class=16, seed=13).id.startswith("majority--sst2--k16--s13--")
    assert "per_class" not in experiment("majority").differences()


def test_two_sizes_are_refused():
    with pytest.raises(BadSetting, match="n_train = 4 and per_class = 2 were both given"):
        experiment("majority", n_train=4, per_class=2)
