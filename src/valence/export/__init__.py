"""A finished run as a folder for other programs, and for fast prediction on a CPU.

    valence export RUN --to hf        plain transformers loads it
    valence export RUN --to onnx      ONNX Runtime reads it, without torch; --int8 for twice the speed

exporting.py    `export`: writes the folder whole or not at all, and compares it with the run
hugging_face.py a folder for transformers
onnx_folder.py  a folder for ONNX Runtime
int8.py         eight-bit weights and activations; rows.py which rows of them are multiplied apart
classifier.py   `OnnxClassifier`: predicts from such a folder
opening.py      `open_classifier`: a run or an exported folder, by its name
"""
