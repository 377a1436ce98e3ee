"""The product's main job, as a client would do it: over HTTP, from sign-up to proof."""
