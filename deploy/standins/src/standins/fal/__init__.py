"""fal's queue: requests to models that others host there, their results and webhooks."""
