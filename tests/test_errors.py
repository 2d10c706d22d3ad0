import inspect

from valence import errors


def test_an_unknown_name_names_the_nearest_and_the_known():
    message = str(errors.UnknownName("method", "loar", ["lora", "cnn"]))
    assert message == "No method 'loar'. Did you mean 'lora'? Known: cnn, lora."


def test_an_unknown_name_with_nothing_near_guesses_nothing():
    assert str(errors.UnknownName("run", "zzz", [])) == "No run 'zzz'. Known: none yet."


def test_a_missing_package_says_how_to_install_it():
    assert str(errors.MissingPackage("ray", "ray", "--ray")) == "--ray needs the package 'ray'. Install it with: pip install 'valence[ray]'"


def test_only_a_failed_run_exits_with_one():
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.ValenceError)]
    assert {c.__name__ for c in classes if c.exit_code == 1} == {"FailedRun"}
    assert all(c.__name__ in (errors.__doc__ or "") for c in classes), "the tree in the module's docstring names every error"
