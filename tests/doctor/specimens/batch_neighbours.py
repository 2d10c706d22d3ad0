"""Attention whose softmax runs over the batch."""

from doctor.building import model
from doctor.networks import attention


def softmax_over_the_batch(folder):
    """`attention_lstm` of the original document."""
    return model(attention(axis=0, masked=True))


def softmax_over_the_words(folder):
    return model(attention(axis=1, masked=True))


DEFECTIVE = {"softmax_over_the_batch": softmax_over_the_batch}
SOUND = {"softmax_over_the_words": softmax_over_the_words}
