"""One file per stressor; the file's name is the stressor's name."""
