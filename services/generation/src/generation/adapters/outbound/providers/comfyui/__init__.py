"""A ComfyUI server of the operator's own: graphs, run by its native API."""
