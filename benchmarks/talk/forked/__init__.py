"""Parts of the experiment `processes`: what several processes share after a fork."""
