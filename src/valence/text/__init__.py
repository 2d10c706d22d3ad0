"""From text to numbers: n-grams, vocabularies, word vectors, tokenizers."""
