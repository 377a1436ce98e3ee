"""Stands in for a sign-in provider: an OpenID Connect provider at which everybody is who they say."""
