"""One file per way to explain; the file's name is what `--method` takes."""
