"""What programs that speak OpenAI find under /openai/v1: translated here, done by the use cases behind."""
