"""A stand-in that speaks Stripe's HTTP API, hosts a Checkout page and signs its webhooks."""
