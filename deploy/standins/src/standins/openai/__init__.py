"""A stand-in that speaks OpenAI's HTTP API for images and chat."""
