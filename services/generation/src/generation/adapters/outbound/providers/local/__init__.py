"""The provider that draws by itself: no weights, no network."""
