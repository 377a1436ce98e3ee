"""Providers of identities, by OpenID Connect and by GitHub's way of OAuth 2."""
