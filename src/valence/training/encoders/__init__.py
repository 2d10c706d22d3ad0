"""Pretrained encoders read without padding: the modules are transformers' own, the way through them is ours.

layout.py      which token belongs to which text
attention.py   attention of each text to itself, its prefix before it
kinds/         one file per architecture: embedding, layers, head
prompt.py      virtual tokens before a text; prefix.py: learned keys and values in every layer
network.py     backbone, pooling and head as one network over padded batches of token ids
backbone.py    where pretrained weights are found
classifier.py  predicts, saves, reloads
"""
