"""ComfyDeploy's API and its kin (Pixio): workflows of ComfyUI that somebody deployed there."""
