"""A stand-in that speaks BabySea's HTTP API: generations, their content, estimates, the library, webhooks."""
