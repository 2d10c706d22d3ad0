from valence.explain.legible import legible


def test_control_characters_are_pictured_and_lines_stay():
    assert legible("a\x1b[31m\x00\tb\nc\r\nd\x7f\x9b") == "a␛[31m␀\tb\nc \nd␡\ufffd"


def test_overrides_of_direction_are_shown_not_obeyed():
    assert legible("a\u202eb\u2066c") == "a\ufffdb\ufffdc"
    assert legible("סרט טוב") == "סרט טוב"


def test_the_length_stays():
    text = "".join(map(chr, range(0x300))) + "\r\n\u202a"
    assert len(legible(text)) == len(text)
