"""Where a check must stay silent, and say so."""

from doctor.specimens import constant_validation
from valence.doctor import examine


def test_two_validation_texts_prove_nothing(tmp_path):
    (subject,) = examine([constant_validation.two_validation_texts(tmp_path)], ["constant_validation"]).subjects
    assert dict(subject.not_examined) == {"constant_validation": "2 validation texts are too few for their accuracy to move"}
