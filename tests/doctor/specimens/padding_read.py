"""PAD is a word like others."""

from doctor.building import model
from doctor.networks import attention, last_state


def no_mask(folder):
    return model(attention(axis=1, masked=False))


def state_at_pad(folder):
    """`gru` of the original document reads the state at the last position, which is PAD."""
    return model(last_state(real=False))


def masked(folder):
    return model(attention(axis=1, masked=True))


def state_at_the_last_word(folder):
    return model(last_state(real=True))


DEFECTIVE = {f.__name__: f for f in (no_mask, state_at_pad)}
SOUND = {f.__name__: f for f in (masked, state_at_the_last_word)}
