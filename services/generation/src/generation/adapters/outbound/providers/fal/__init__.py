"""fal: a queue before models that others host there."""
