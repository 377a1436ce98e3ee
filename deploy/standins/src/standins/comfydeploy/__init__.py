"""A stand-in that speaks ComfyDeploy's API as Pixio serves it: runs of deployed workflows, with webhooks."""
