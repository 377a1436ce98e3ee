"""Who makes the media: each folder is a provider."""
