"""A stand-in that speaks ComfyUI's native API: graphs, a queue, a history, files and a WebSocket."""
