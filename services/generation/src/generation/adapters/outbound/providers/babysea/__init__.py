"""BabySea: one API before the inference of several providers, for pictures and films."""
