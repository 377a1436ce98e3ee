"""What can go wrong with a provider of media, for every stand-in that plays one."""
